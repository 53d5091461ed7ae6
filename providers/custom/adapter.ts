import type { AccessWords, Capabilities, Provider, Session, SessionAccess } from '../contract.ts';
import { callApi } from './api-calls.ts';
import type { CallSettings } from './api-calls.ts';
import type { ProviderFile } from './file-format.ts';
import { findOwner } from './identity.ts';
import { createFileOAuth } from './oauth.ts';

const DAY_MS = 86_400_000;
/** Most providers end an unused grant after months. */
const KEEP_ALIVE_MS = 30 * DAY_MS;

/** The access type that a file makes: sign-in, refresh, verification and revocation, and no import. */
export function createFileProvider(file: ProviderFile, settings: CallSettings): Provider {
  const { name, scopes } = file;
  return {
    name,
    accessType: name,
    capabilities: capabilitiesOf(file),
    words: wordsOf(file),
    signIn: { oauth: [createFileOAuth(file, settings)], password: null },
    classify: settings.classify,
    sending: null,
    ...(scopes.send ? { productSends: true } : {}),
    openSession: (access, signal) => Promise.resolve(sessionOf(file, settings, access, signal)),
  };
}

function capabilitiesOf({ refresh_token: { unused_life_days: days } }: ProviderFile): Capabilities {
  return {
    importsNothing: true,
    windowOverlapMs: 0,
    keepAliveMs: days === undefined ? KEEP_ALIVE_MS : Math.min(KEEP_ALIVE_MS, (days * DAY_MS) / 2),
    holdsConnections: false,
    push: null,
    pollEveryMs: DAY_MS,
    quota: null,
    confirmations: { tries: 2, gapMs: 60_000 },
  };
}

const wordsOf = ({ label, hint }: ProviderFile): AccessWords => ({
  label,
  provider: label,
  hint: hint ?? `An account of ${label}`,
  // RFC 6749 has one word, `invalid_grant`, for every end of a grant.
  causes: { access_revoked: 'access_ended' },
});

function sessionOf(file: ProviderFile, settings: CallSettings, access: SessionAccess, signal: AbortSignal): Session {
  if (access.kind !== 'token') throw new TypeError(`${file.name} is opened with a token`);
  const calling = { accessToken: access.accessToken, context: access.context, signal };
  const nothing = () => Promise.reject(new TypeError(`${file.name} imports nothing`));
  return {
    async identify() {
      const { account, grantKey } = await findOwner(file, settings, calling);
      const proved = `Asked ${file.label} whose token it is: ${account.email}`;
      // A file does not say how its provider proves an address.
      const unvouched = { serverKey: null, vouchesForAddress: false };
      return { account, mailboxKey: account.providerId, ...unvouched, grantKey, proved };
    },
    async verify() {
      await callApi(settings, file.verify ?? file.identity, { ...calling, operation: 'api' });
      return `Called ${file.label} with the access token`;
    },
    parts: () => Promise.resolve([]),
    headOf: () => Promise.resolve(null),
    listChanges: nothing,
    listWindow: nothing,
    // oxlint-disable-next-line require-yield -- nothing was listed that could be fetched
    async *fetchMessages() {
      await nothing();
    },
    close: () => Promise.resolve(),
  };
}
