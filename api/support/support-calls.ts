import { inChannel } from '../auth/reach.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { idParams } from '../schemas/parts.ts';
import { supportBundleOut } from './bundle-schema.ts';
import { completeBundle, readStored } from './support-bundle.ts';

const bundle = defineCall({
  method: 'get',
  path: '/v1/channels/:id/support-bundle',
  operationId: 'getSupportBundle',
  summary: 'Read all that support needs to know of a channel, as one file without a secret',
  description:
    'Channel, timeline, the provider’s answers, imports, workflow runs, notices, configuration and versions, for a ticket. It has no token, no password and no message content, and leaves out `metadata`.',
  tag: 'Channels',
  access: ['channels:read'],
  params: idParams('chn'),
  answers: { 200: json('The bundle; `workflow_runs` is null where Temporal does not answer', supportBundleOut) },
  async run({ context, principal, params: { id } }) {
    const stored = await inChannel(context, { principal, id }, (tx, row) => readStored(context, tx, row));
    const body = await completeBundle(context, stored);
    // Which proxies are believed is the installation's, and of use to an attacker.
    if (principal.tenantId !== null) body.configuration.trusted_proxies = [];
    const headers = { 'Content-Disposition': `attachment; filename="mooring-${id}.json"` };
    return { status: 200, body, headers };
  },
});

export const supportCalls = [bundle];
