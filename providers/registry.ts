import type { AccessType } from '../domain/access-type.ts';
import type { ProviderConfig } from './configuration.ts';
import { createEgressGuard } from '../net/egress.ts';
import { createGmailProvider } from './google/adapter.ts';
import { createImapProvider } from './imap/adapter.ts';
import type { Provider } from './contract.ts';

/** The configured access types, each with its adapter. */
export type Providers = ReadonlyMap<AccessType, Provider>;

/** Builds every adapter that has a configuration; the others are not in the map. */
export function createProviders(config: ProviderConfig): Providers {
  const providers = new Map<AccessType, Provider>();
  const egress = createEgressGuard(config.egress);
  if (config.google !== null) providers.set('gmail', createGmailProvider(config.google));
  if (config.imap !== null) {
    providers.set('imap', createImapProvider(config.imap, egress, config.certificateAuthorities));
  }
  return providers;
}
