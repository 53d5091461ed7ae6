import { z } from 'zod';
import { oauthClient, secretVariable } from '../oauth-client.ts';
import type { OAuthClientConfig } from '../oauth-client.ts';

export interface SalesforceConfig {
  client: OAuthClientConfig;
  /** Where a new connection signs in, without a slash at its end. */
  loginUrl: string;
  /** Requests that one organization may get in a minute; null = no pacing. */
  requestsPerMinute: number | null;
}

const LOGIN_URL = 'https://login.salesforce.com';
/** Below 100,000 a day, the least that an edition with API access has. */
const REQUESTS_PER_MINUTE = 60;

/** Production's logins are the default; `https://test.salesforce.com` has those of sandboxes. */
export const salesforceVariables = {
  SALESFORCE_CLIENT_ID: z.string().optional(),
  SALESFORCE_CLIENT_SECRET: secretVariable.optional(),
  SALESFORCE_CLIENT_SECRET_FILE: z.string().optional(),
  SALESFORCE_LOGIN_URL: z
    .url()
    .transform((url) => url.replace(/\/$/, ''))
    .default(LOGIN_URL),
};

/** null without a client. */
export function salesforceConfig(given: z.infer<z.ZodObject<typeof salesforceVariables>>): SalesforceConfig | null {
  const client = oauthClient({
    id: given.SALESFORCE_CLIENT_ID,
    secret: given.SALESFORCE_CLIENT_SECRET,
    secretFile: given.SALESFORCE_CLIENT_SECRET_FILE,
  });
  const loginUrl = given.SALESFORCE_LOGIN_URL;
  // A stand-in for Salesforce has its own quota.
  return client && { client, loginUrl, requestsPerMinute: isOfSalesforce(loginUrl) ? REQUESTS_PER_MINUTE : null };
}

/** An address that our secret and people's tokens may be sent to: Salesforce's own, or the stand-in's. */
export function isTrusted(config: Pick<SalesforceConfig, 'loginUrl'>, address: string): boolean {
  if (!URL.canParse(address)) return false;
  return isOfSalesforce(address) || new URL(address).origin === new URL(config.loginUrl).origin;
}

export const isOfSalesforce = (address: string) => {
  const { protocol, hostname, port } = new URL(address);
  return protocol === 'https:' && port === '' && /\.(salesforce|force|cloudforce)\.com$/.test(hostname);
};
