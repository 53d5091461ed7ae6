import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut } from '../schemas/parts.ts';

export const outboxQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional().describe('Only mails of this tenant'),
});

const keptMail = {
  id: z.string().describe('The mail’s id'),
  tenant: z.string().describe('The tenant of its channels'),
  to: z
    .object({ email: z.string().describe('The address'), name: z.string().nullable().describe('null: not known') })
    .describe('The recipient'),
  subject: z.string().describe('The subject'),
  at: timeOut.describe('When it was composed'),
};

export const keptMailOut = z.object(keptMail).meta({ id: 'KeptMail' });
export type KeptMail = z.infer<typeof keptMailOut>;

export const keptMailContentOut = z
  .object({
    ...keptMail,
    text: z.string().describe('The plain text'),
    html: z.string().describe('The HTML'),
    headers: z.record(z.string(), z.string()).describe('Its own header fields'),
  })
  .meta({ id: 'KeptMailContent' });
export type KeptMailContent = z.infer<typeof keptMailContentOut>;
