import { z } from 'zod';
import { INCIDENT_SCOPES } from '../../domain/incidents/incident.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { pageQuery } from '../http/paging.ts';
import { accessType, providerName, tenantName, timeOut } from './parts.ts';

const scope = z
  .enum(INCIDENT_SCOPES)
  .describe(
    '`channel`: one channel; `provider`: many channels of one provider or mail server; `client`: our own client or process at a provider, with all its channels; `key`: an API key',
  );

export const incidentsQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional().describe('Only incidents of this tenant and wider ones that it meets'),
  channel: z.string().max(40).optional().describe('Only incidents of this channel, those that are part of another too'),
  state: z.enum(['open', 'closed']).optional().describe('Only incidents in this state'),
  scope: scope.optional(),
  part_of: z
    .string()
    .max(40)
    .optional()
    .describe('Only incidents that are part of this one; left out: only problems of their own'),
});

export const incidentChannelsQuery = z.strictObject({ ...pageQuery });

export const incidentOut = z
  .object({
    id: z.string().describe('The incident’s id'),
    scope,
    state: z.enum(['open', 'closed']).describe('`closed`: recovered, or ended with its channel'),
    provider: providerName.describe('The provider'),
    access_type: accessType,
    server: z.string().nullable().describe('The one mail server it is about; null: the provider, or a channel'),
    tenant: z.string().nullable().describe('The tenant; null: an incident of many channels'),
    channel: z.string().nullable().describe('The channel’s id; null: an incident of many channels'),
    part_of: z.string().nullable().describe('The wider incident that it is part of; null: a problem of its own'),
    reason: z.enum(STATUS_REASONS).nullable().describe('Why'),
    provider_code: z.string().nullable().describe('The provider’s own code; null: none'),
    action: z.enum(ACTIONS).describe('What must be done; `none`: nothing'),
    what_to_do: z.string().describe('The same in words, for the operator'),
    channels: z
      .int()
      .describe('How many channels it concerns, of those that the key sees; `client`: all live ones, tried or not'),
    tenants: z.int().describe('How many tenants it concerns, of those that the key sees'),
    opened_at: timeOut.describe('When it opened'),
    closed_at: timeOut.nullable().describe('When it closed; null: it is open'),
    notices_held: z.int().describe('How many notices wait for the operator, or until `held_until`'),
    held_until: timeOut.nullable().describe('When held notices go out by themselves; null: it holds none'),
  })
  .meta({ id: 'Incident' });
export type Incident = z.infer<typeof incidentOut>;

export const serviceLevelsQuery = z.strictObject({
  tenant: tenantName.optional().describe('Only channels of this tenant'),
  days: z.coerce
    .number('expected a number from 1 to 366')
    .int()
    .min(1)
    .max(366)
    .default(30)
    .describe('How many days back, 1 to 366'),
});

const spread = (what: string) =>
  z
    .object({
      p50: z.number().nullable().describe('Half of them took at most so many seconds; null: there was none'),
      p95: z.number().nullable().describe('19 of 20 took at most so many seconds; null: there was none'),
      count: z.int().describe('How many there were'),
    })
    .describe(what);

export const serviceLevelsOut = z
  .object({
    from: timeOut.describe('Where the days begin'),
    to: timeOut.describe('Now'),
    detect_s: spread('From the last proof that a channel worked to the incident that asks a person'),
    tell_s: spread('From the incident that asks a person to the first notice sent'),
    reauthorize_s: spread('From the incident that asks a person to the sign-in that ended it'),
    close_gap_s: spread('From that sign-in to the end of the import of what was missed'),
  })
  .meta({ id: 'ServiceLevels' });
