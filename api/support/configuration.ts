import type { ApiContext } from '../api-context.ts';
import type { SupportBundle } from './bundle-schema.ts';

/** The configuration, each setting by name: what is not listed here, keys and passwords among it, stays out. */
export function presentConfiguration({ config, providers }: ApiContext): SupportBundle['configuration'] {
  const { database, temporal, sandbox } = config;
  return {
    public_origin: new URL(config.publicUrl).origin,
    log_level: config.logLevel,
    trusted_proxies: config.trustedProxies,
    access_types: [...providers.keys()],
    sandbox: sandbox !== null,
    poll_interval_s: config.pollIntervalMs === null ? null : config.pollIntervalMs / 1_000,
    audit_interval_s: config.auditIntervalMs / 1_000,
    database: { pooled: database.directUrl !== null, prepared_statements: database.prepare },
    temporal: { namespace: temporal.namespace, tls: temporal.tls !== null },
  };
}
