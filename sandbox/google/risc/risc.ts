import type { Router } from 'express';
import type { RegisteredClient } from '../../oauth/client.ts';
import type { SandboxProvider } from '../../provider.ts';
import type { GoogleStore } from '../store.ts';
import { SECURITY_EVENTS, SecurityEvents } from './events.ts';
import type { SecurityEventName } from './events.ts';
import { riscRoutes } from './routes.ts';
import { openServiceAccount } from './service-account.ts';
import { SecurityEventStream } from './stream.ts';

interface OpenedRisc {
  readonly events: SecurityEvents;
  readonly routes: Router;
  readonly environment: Readonly<Record<string, string>>;
  readonly control: Pick<SandboxProvider, 'securityEvents' | 'tellSecurityEvent'>;
}

/** Google's security events: their sender, the registration of a receiver, and the control API's part. */
export function openRisc(store: GoogleStore, client: RegisteredClient): OpenedRisc {
  const { dir, origin, conditions } = store.deps;
  const stream = new SecurityEventStream(dir);
  const events = new SecurityEvents(store, client, stream);
  const serviceAccount = openServiceAccount(dir);
  conditions.watch((condition, change) => events.conditionChanged(condition, change));
  return {
    events,
    routes: riscRoutes({ events, stream, serviceAccount }, store),
    environment: {
      GOOGLE_RISC_CONFIGURATION_URL: `${origin}/.well-known/risc-configuration`,
      GOOGLE_RISC_API_URL: `${origin}/google/risc/v1beta`,
      GOOGLE_RISC_SERVICE_ACCOUNT_FILE: serviceAccount.file,
    },
    control: {
      securityEvents: SECURITY_EVENTS,
      tellSecurityEvent: (email, { event, token }) =>
        events.order(store.requireAccount(email), event as SecurityEventName, token),
    },
  };
}
