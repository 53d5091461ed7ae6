import { z } from 'zod';
import { STATUS_REASONS, VERDICT_KINDS } from '../../domain/verdict.ts';
import { channelOut } from '../schemas/channels.ts';
import { eventOut } from '../schemas/events.ts';
import { importOut } from '../schemas/imports.ts';
import { incidentOut } from '../schemas/incidents.ts';
import { accessType, timeOut } from '../schemas/parts.ts';
import { policyOut } from '../schemas/policy.ts';

const time = (description: string) => timeOut.nullable().describe(`${description}; null: never, or not known`);

const credentialOut = z.object({
  kind: z.enum(['oauth', 'password']).describe('What it rests on'),
  version: z.int().describe('Its version'),
  secret_version: z.int().describe('The version at which its refresh token or password came'),
  issued_at: time('When the access token was issued'),
  expires_at: time('When the access token expires'),
  refused_at: time('When the access token was seen or reported to be refused'),
  scopes: z.array(z.string()).describe('The scopes that were granted'),
  rotation: z.string().describe('How the provider rotates refresh tokens'),
  leased: z.boolean().describe('Whether a process refreshes it now, or died while it did'),
  updated_at: timeOut.describe('When it last changed'),
});

const refreshOut = z.object({
  version: z.int().describe('The version whose refresh token was spent'),
  outcome: z.enum(['stored', 'superseded', 'refused', 'unknown']).nullable().describe('null: not settled'),
  probe: z.boolean().describe('Whether it is the one second use of a token whose answer was lost'),
  started_at: timeOut.describe('When it began'),
  sent_at: time('When it was sent'),
  answered_at: time('When its answer was stored'),
  abandoned_at: time('When it was given up unsent'),
});

const watchOut = z.object({
  subscription: z
    .object({
      expires_at: time('Until when the provider tells'),
      renew_at: timeOut.describe('When it is renewed'),
      failures: z.int().describe('Refusals in a row'),
      failing_since: time('Since when it fails'),
    })
    .nullable()
    .describe('The subscription at the provider; null: none'),
  connection: z
    .object({
      lease_until: timeOut.describe('Until when a listener holds it'),
      failures: z.int().describe('Short connections in a row'),
      retry_at: time('When it is tried again'),
      refused_version: z.int().nullable().describe('The credential that the server refused; null: none'),
    })
    .nullable()
    .describe('The held connection; null: none'),
});

const answersOut = z.object({
  reason: z.enum(STATUS_REASONS).nullable().describe('Why the channel stands still; null: it does not'),
  code: z.string().nullable().describe('The provider’s own word or number for it'),
  trouble: z.enum(['credential', 'access']).nullable().describe('What the trouble is with; null: there is none'),
  failures: z.int().describe('Failures in a row'),
  retry_at: time('When it is tried again'),
  suspicion: z
    .object({
      tried: z.enum(['credential', 'access']).describe('What was refused'),
      verdict: z.enum(VERDICT_KINDS).describe('What the refusal would mean'),
      times: z.int().describe('How often in a row'),
    })
    .nullable()
    .describe('A refusal that is not believed yet; null: none'),
  password_retried: z.boolean().describe('Whether a refused password is tried again by itself'),
  locked_out_at: time('When the account last showed a lock-out'),
  credential: credentialOut.nullable().describe('The credential without its secrets; null: it is shredded'),
  refreshes: z.array(refreshOut).describe('The last refreshes, newest first; their answers are not in it'),
  watch: watchOut.describe('How the channel hears of news'),
});

const runOut = z.object({
  workflow: z.string().describe('The workflow’s id'),
  run: z.string().describe('The run’s id'),
  type: z.string().describe('The workflow’s type'),
  status: z.string().describe('As Temporal calls it'),
  started_at: timeOut.describe('When it began'),
  closed_at: time('When it ended'),
  history_length: z.int().describe('Events in its history'),
});

const noticeOut = z.object({
  id: z.string().describe('The notice’s id'),
  kind: z.string().describe('What it tells of'),
  incident: z.string().nullable().describe('The incident; null: none'),
  to: z.string().nullable().describe('The recipient; null: there is no person to tell'),
  why: z.string().describe('Why this recipient'),
  state: z.string().describe('What became of it'),
  attempts: z.int().describe('How often it was sent'),
  error: z.string().nullable().describe('Why it was not sent; null: it was, or will be'),
  due_at: timeOut.describe('When it may be sent'),
  at: timeOut.describe('When it took its state'),
});

const configurationOut = z.object({
  public_origin: z.string().describe('Where people’s browsers reach Mooring'),
  log_level: z.string().describe('How much is logged'),
  trusted_proxies: z.array(z.string()).describe('Whose `X-Forwarded-For` is believed'),
  access_types: z.array(accessType).describe('The configured access types'),
  sandbox: z.boolean().describe('Whether the simulated providers run'),
  poll_interval_s: z.number().nullable().describe('Between two polls; null: as each provider allows'),
  audit_interval_s: z.number().describe('Between two audits'),
  database: z
    .object({
      pooled: z.boolean().describe('Whether a pooler stands between'),
      prepared_statements: z.boolean().describe('Whether statements are prepared'),
    })
    .describe('How PostgreSQL is reached'),
  temporal: z
    .object({
      namespace: z.string().describe('The namespace'),
      tls: z.boolean().describe('Whether it is reached by TLS'),
    })
    .describe('How Temporal is reached'),
});

const versionsOut = z.object({
  mooring: z.string().describe('Of Mooring'),
  migration: timeOut.describe('When the newest migration of the code was written'),
  node: z.string().describe('Of Node'),
  postgresql: z.string().describe('Of PostgreSQL'),
  temporal: z.string().nullable().describe('Of Temporal; null where it does not answer'),
});

export const supportBundleOut = z
  .object({
    generated_at: timeOut.describe('When the bundle was made'),
    channel: channelOut.omit({ metadata: true }).describe('The channel, without the product’s own data'),
    timeline: z.array(eventOut).describe('Its last 500 events, newest first'),
    incidents: z.array(incidentOut).describe('Its last 50 incidents, newest first'),
    provider_answers: answersOut.describe('What the provider answered, without a secret'),
    imports: z.array(importOut).describe('Its last 50 imports, newest first'),
    workflow_runs: z
      .array(runOut)
      .nullable()
      .describe('Runs of its workflow and of its last imports; null where Temporal does not answer'),
    notices: z.array(noticeOut).describe('Who was told what, newest first; 50 at most'),
    policy: policyOut.describe('The tenant’s policy'),
    configuration: configurationOut.describe('How this Mooring is configured, without a secret'),
    versions: versionsOut.describe('What it runs on'),
  })
  .meta({ id: 'SupportBundle' });
export type SupportBundle = z.infer<typeof supportBundleOut>;
