import { z } from 'zod';
import type { ProviderName } from '../domain/access-type.ts';
import type { EgressConfig, EgressGuard } from '../net/egress.ts';
import type { Provider } from './contract.ts';
import type { ReserveTime } from './pacer.ts';

/** The configuration that adapters need; runtime/config.ts fills it. */
export interface ProviderConfig {
  /** Every provider's own variables, validated. */
  variables: Readonly<Record<string, unknown>>;
  publicUrl: string;
  /** Where servers named by people (IMAP, EWS, webhooks) may be. */
  egress: EgressConfig;
  /** PEM of further certificate authorities for such servers, beside the system's; null without any. */
  certificateAuthorities: string | null;
}

/** What every provider may use. */
export interface Surroundings extends Pick<ProviderConfig, 'publicUrl' | 'certificateAuthorities'> {
  egress: EgressGuard;
  /** Reserves the time of a quota, among all processes. */
  reserve: ReserveTime;
}

/** A provider's entry in the registry. */
export interface ProviderDefinition {
  name: ProviderName;
  /** The environment variables that are its own. */
  variables: z.ZodRawShape;
  /** Its adapters, one per access type; none where it is not configured. */
  configure(given: Readonly<Record<string, unknown>>, surroundings: Surroundings): Provider[];
}

/** Types `configure` by the declared variables, so that it reads no others. */
export function defineProvider<Shape extends z.ZodRawShape>(definition: {
  name: ProviderName;
  variables: Shape;
  configure(given: z.infer<z.ZodObject<Shape>>, surroundings: Surroundings): Provider[];
}): ProviderDefinition {
  return definition;
}
