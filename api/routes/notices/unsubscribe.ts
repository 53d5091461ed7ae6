import { z } from 'zod';
import { unsubscribe } from '../../../notifications/lost-recipients.ts';
import { refuseGuess } from '../../auth/limit.ts';
import { json } from '../../http/answers.ts';
import { defineCall } from '../../http/call.ts';
import { Problem } from '../../http/problem.ts';
import { unsubscribedOut, unsubscribeParams } from '../../schemas/notices.ts';

/** The address of `List-Unsubscribe` (RFC 8058): a POST of a mail program or of the page ends it, a GET changes nothing. */
const post = defineCall({
  method: 'post',
  path: '/unsubscribe/:token',
  operationId: 'unsubscribe',
  summary: 'End mails about the channels of a mail for its recipient, with one click',
  description:
    'Mail programs call it (RFC 8058). It holds for the person and the channels of that mail, and the admins are told instead. A GET of the address shows a page, and changes nothing.',
  tag: 'Notices',
  isInternal: true,
  access: 'public',
  params: unsubscribeParams,
  body: z.unknown().describe('`List-Unsubscribe=One-Click` as a form, or nothing'),
  answers: { 200: json('The person gets no more mail about these channels', unsubscribedOut) },
  async run({ context, params: { token }, request }) {
    if (!(await unsubscribe(context, token, (lookUp) => context.limits.lookups.take(lookUp)))) {
      return refuseGuess(context, request, new Problem('not_found', 'No mail has this unsubscribe address'));
    }
    return { status: 200, body: { unsubscribed: true } };
  },
});

export const mailCalls = [post];
