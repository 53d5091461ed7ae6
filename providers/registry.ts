import type { z } from 'zod';
import type { AccessType } from '../domain/access-type.ts';
import { createEgressGuard } from '../net/egress.ts';
import type { Provider } from './contract.ts';
import type { ProviderConfig, ProviderDefinition } from './definition.ts';
import { exchange } from './exchange/definition.ts';
import { google } from './google/definition.ts';
import { reserveAlone } from './pacer.ts';
import type { ReserveTime } from './pacer.ts';
import { imap } from './imap/definition.ts';
import { microsoft } from './microsoft/definition.ts';
import { salesforce } from './salesforce/definition.ts';

/** Every provider with code of its own, one line each (providers/README.md). */
const PROVIDERS: readonly ProviderDefinition[] = [google, imap, microsoft, exchange, salesforce];

/** The environment variables of all of them. */
export const PROVIDER_VARIABLES: z.ZodRawShape = Object.assign({}, ...PROVIDERS.map(({ variables }) => variables));

/** The configured access types, each with its adapter. */
export type Providers = ReadonlyMap<AccessType, Provider>;

/** Builds every adapter that has a configuration; the others are not in the map. */
export function createProviders(
  { variables, files = [], egress, ...config }: ProviderConfig,
  reserve: ReserveTime = reserveAlone(),
): Providers {
  const all = [...PROVIDERS, ...files];
  const imapLogins = all.flatMap((provider) => provider.imapLogin?.(variables, config) ?? []);
  const surroundings = { ...config, egress: createEgressGuard(egress), reserve, imapLogins };
  const adapters = all.flatMap((provider) => provider.configure(variables, surroundings));
  return new Map(adapters.map((adapter) => [adapter.accessType, adapter]));
}
