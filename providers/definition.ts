import { z } from 'zod';
import type { ProviderName } from '../domain/access-type.ts';
import type { EgressConfig, EgressGuard } from '../net/egress.ts';
import type { Provider } from './contract.ts';
import type { ImapLogin } from './imap-login.ts';
import type { ReserveTime } from './pacer.ts';

/** The configuration that adapters need; runtime/config.ts fills it. */
export interface ProviderConfig {
  /** Every provider's own variables, validated. */
  variables: Readonly<Record<string, unknown>>;
  publicUrl: string;
  /** Of the files that describe providers; absent: none. */
  files?: readonly ProviderDefinition[];
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
  /** Of the other providers, whose mailboxes open over IMAP with a token. */
  imapLogins: readonly ImapLogin[];
}

/** A provider's entry in the registry. */
export interface ProviderDefinition {
  name: ProviderName;
  /** The environment variables that are its own. */
  variables: z.ZodRawShape;
  /** Its adapters, one per access type; none where it is not configured. */
  configure(given: Readonly<Record<string, unknown>>, surroundings: Surroundings): Provider[];
  /** How its mailboxes open over IMAP; null where it is not configured, absent where they do not. */
  imapLogin?(given: Readonly<Record<string, unknown>>, config: Pick<ProviderConfig, 'publicUrl'>): ImapLogin | null;
}

/** Types the values by the declared variables, so that no others are read. */
export function defineProvider<Shape extends z.ZodRawShape>(definition: {
  name: ProviderName;
  variables: Shape;
  configure(given: z.infer<z.ZodObject<Shape>>, surroundings: Surroundings): Provider[];
  imapLogin?(given: z.infer<z.ZodObject<Shape>>, config: Pick<ProviderConfig, 'publicUrl'>): ImapLogin | null;
}): ProviderDefinition {
  return definition;
}
