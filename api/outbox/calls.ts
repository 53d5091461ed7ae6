import { findKeptMail, listKeptMails } from '../../db/notices/kept-mails.ts';
import type { KeptMailRow } from '../../db/notices/kept-mails.ts';
import type { Mail } from '../../domain/mail.ts';
import { openKeptMail } from '../../mailer/kept-mail.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { Problem, notFound } from '../http/problem.ts';
import { hasEveryScope } from '../http/scopes.ts';
import type { Principal } from '../http/scopes.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';
import { keptMailContentOut, keptMailOut, outboxQuery } from './schemas.ts';
import type { KeptMail } from './schemas.ts';

const tag = 'Outbox';

const list = defineCall({
  method: 'get',
  path: '/v1/outbox',
  operationId: 'listKeptMails',
  summary: 'List mails that were kept because no mail server is configured, newest first; needs every scope',
  description:
    'Without `SMTP_URL`, `npm start` with everything embedded keeps the mails for 30 days. Elsewhere there is none to list.',
  tag,
  access: ['admin'],
  query: outboxQuery,
  answers: { 200: json('A page of mails', listOf(keptMailOut)) },
  problems: ['invalid_cursor', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    requireEveryScope(principal);
    const tenantId = tenantInReach(principal, query.tenant);
    const after = parseIdCursor(query.after);
    const rows = await listInReach(context, tenantId, (tx) =>
      listKeptMails(tx, { tenantId, after, limit: query.limit + 1 }),
    );
    const mails = await Promise.all(rows.map(async (row) => present(await openKeptMail(context.vault, row), row)));
    return {
      status: 200,
      body: pageOf(mails, query.limit, { cursor: ({ id }) => idCursor(id), show: (mail) => mail }),
    };
  },
});

const read = defineCall({
  method: 'get',
  path: '/v1/outbox/:id',
  operationId: 'getKeptMail',
  summary: 'Read one kept mail; needs every scope',
  description: 'With both bodies as they would be sent, and the links in them, which work.',
  tag,
  access: ['admin'],
  params: idParams('mal'),
  answers: { 200: json('The mail', keptMailContentOut) },
  async run({ context, principal, params: { id } }) {
    requireEveryScope(principal);
    const row = await listInReach(context, principal.tenantId, (tx) => findKeptMail(tx, id));
    if (row === null) throw notFound('mail');
    const mail = await openKeptMail(context.vault, row);
    const { text, html, headers } = mail;
    return { status: 200, body: { ...present(mail, row), text, html, headers } };
  },
});

/** A mail holds links that open connect pages. */
function requireEveryScope({ scopes }: Principal): void {
  if (hasEveryScope(scopes)) return;
  throw new Problem('scope_missing', 'The call needs a key with every scope');
}

function present({ to, subject }: Mail, { id, tenantId, createdAt }: KeptMailRow): KeptMail {
  return { id, tenant: tenantId, to, subject, at: createdAt.toISOString() };
}

export const outboxCalls = [list, read];
