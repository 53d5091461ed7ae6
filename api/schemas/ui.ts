import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { accessType } from './parts.ts';
import { signInOut } from './sign-in.ts';

export const sessionBody = camelCased(
  z.strictObject({
    api_key: z.string().min(1).max(500).describe('The API key that the session acts for'),
  }),
);
export const loginQuery = z.strictObject({ token: z.string().min(1).max(500).describe('The token of the login link') });
export const sessionOut = z.object({
  access_types: z.array(accessType).describe('The access types that are configured'),
  sign_in: z.array(signInOut).describe('How people sign in with each of them'),
  temporal_ui: z.string().nullable().describe('The address of Temporal Web; null: none'),
  outbox: z.boolean().describe('Whether mails are kept instead of sent, and this session may read them'),
  sandbox_page: z.string().nullable().describe('The address of the sandbox’s page; null: no sandbox'),
});
export type UiSession = z.infer<typeof sessionOut>;
