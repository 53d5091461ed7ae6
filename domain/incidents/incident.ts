/** How far an incident reaches: one channel, a provider or mail server, our own client or processes, an API key. */
export const INCIDENT_SCOPES = ['channel', 'provider', 'client', 'key'] as const;
export type IncidentScope = (typeof INCIDENT_SCOPES)[number];

/** As it is stored: `service` is a missing listener, which ends in another way than a refused client. */
export type StoredScope = IncidentScope | 'service';

/** The scope that the API, events and metrics tell: what is ours to mend at a provider is the client's. */
export const toldScope = (scope: StoredScope): IncidentScope => (scope === 'service' ? 'client' : scope);

/** Failures this close together are one problem, in ms. */
export const TOGETHER_MS = 10 * 60_000;

/** Trouble that should heal by itself and lasts this long is an incident of the operator, in ms. */
export const LASTING_MS = 24 * 3_600_000;

/** More channels than this, and this part of a provider's, fail together: the provider is at fault. */
const PROVIDER_CHANNELS = 20;
const PROVIDER_PART = 0.05;
/** So many channels, and this part of one mail server's: the server is at fault. */
const SERVER_CHANNELS = 5;
const SERVER_PART = 0.5;

/** How many of `live` channels have to fail together before they are one incident of their provider. */
export const providerThreshold = (live: number) => Math.max(PROVIDER_CHANNELS + 1, Math.ceil(live * PROVIDER_PART));

/** The same of one mail server. */
export const serverThreshold = (live: number) => Math.max(SERVER_CHANNELS, Math.ceil(live * SERVER_PART));

/** Fewer than these can be no wider incident, however few live channels there are. */
export const LEAST_FAILING = { provider: PROVIDER_CHANNELS + 1, server: SERVER_CHANNELS } as const;

/** So many people of so many tenants asked to sign in together: it is hardly their own doing. */
export const MASS_REAUTHORIZATION = { channels: 20, tenants: 3 } as const;

/** The operator has so long to look before held notices go out, in ms. */
export const HELD_FOR_MS = 30 * 60_000;
