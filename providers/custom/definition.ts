import { z } from 'zod';
import { createEgressGuard, guardedConnector } from '../../net/egress.ts';
import type { EgressGuard } from '../../net/egress.ts';
import { withAuthorities } from '../../net/certificates.ts';
import { createHttp } from '../../net/http.ts';
import type { ProviderDefinition } from '../definition.ts';
import { mailServer } from '../mail-server.ts';
import { oauthClient, secretVariable } from '../oauth-client.ts';
import type { OAuthClientConfig } from '../oauth-client.ts';
import { createFileProvider } from './adapter.ts';
import { Addresses } from './addresses.ts';
import type { CallSettings } from './api-calls.ts';
import { classifierOf } from './errors.ts';
import type { ProviderFile } from './file-format.ts';
import { createFileImapLogin } from './imap.ts';

/** To connect to an address that a token answer told, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

type Given = Readonly<Record<string, unknown>>;

interface Outside {
  egress: EgressGuard;
  certificateAuthorities: string | null;
}

/** The entry of a file in the registry: an access type of its own, or a way to sign in to the access type imap. */
export function definitionOf(file: ProviderFile): ProviderDefinition {
  const { name, imap, smtp } = file;
  const variables = variablesOf(file);
  const shared = { name, variables: Object.fromEntries(variables.map(([, variable, shape]) => [variable, shape])) };
  if (!imap) {
    return {
      ...shared,
      configure(given, outside) {
        const settings = settingsOf(file, given, outside);
        return settings ? [createFileProvider(file, settings)] : [];
      },
    };
  }
  return {
    ...shared,
    configure: () => [],
    imapLogin(given) {
      // Its calls go to addresses of the file alone.
      const settings = settingsOf(file, given, {
        egress: createEgressGuard({ allow: [] }),
        certificateAuthorities: null,
      });
      if (!settings) return null;
      const { imapServer = imap, smtpServer = smtp } = parsed(file, given);
      return createFileImapLogin(file, settings, { imap: imapServer, smtp: smtpServer });
    },
  };
}

const SHAPES = {
  clientId: z.string().optional(),
  clientSecret: secretVariable.optional(),
  clientSecretFile: z.string().optional(),
  imapServer: mailServer.optional(),
  smtpServer: mailServer.optional(),
};
const address = z
  .url({ protocol: /^https?$/, error: 'expected an http: or https: address' })
  .transform((text) => text.replace(/\/$/, ''))
  .optional();

/** The variables of a file: what each holds, its name, its shape. */
function variablesOf({ name, servers, imap, smtp }: ProviderFile): [string, string, z.ZodType][] {
  const prefix = name.toUpperCase().replaceAll('-', '_');
  const { imapServer, smtpServer, ...client } = SHAPES;
  const own = Object.entries({ ...client, ...(imap ? { imapServer } : {}), ...(smtp ? { smtpServer } : {}) });
  return [
    ...own.map(([of, shape]): [string, string, z.ZodType] => [of, `${prefix}_${snakeCase(of)}`, shape]),
    ...Object.keys(servers).map((one): [string, string, z.ZodType] => [
      `server ${one}`,
      `${prefix}_${one.toUpperCase()}_URL`,
      address,
    ]),
  ];
}

const snakeCase = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** The values that `variables` of the definition has validated, by what they hold. */
function parsed(file: ProviderFile, given: Given) {
  const values = Object.fromEntries(variablesOf(file).map(([of, variable]) => [of, given[variable]]));
  const { clientSecret, ...rest } = values;
  return {
    ...z.object({ clientId: SHAPES.clientId, clientSecretFile: SHAPES.clientSecretFile }).parse(rest),
    clientSecret: clientSecret as z.infer<typeof SHAPES.clientSecret>,
    imapServer: values['imapServer'] as z.infer<typeof SHAPES.imapServer>,
    smtpServer: values['smtpServer'] as z.infer<typeof SHAPES.smtpServer>,
    replaced: Object.fromEntries(
      Object.entries(values).flatMap(([of, value]) =>
        of.startsWith('server ') && typeof value === 'string' ? [[of.slice('server '.length), value]] : [],
      ),
    ),
  };
}

const publicClient = (id: string | undefined): OAuthClientConfig | null =>
  id === undefined ? null : { id, authenticate: () => Promise.resolve({}) };

/** null without a client. */
function settingsOf(
  file: ProviderFile,
  given: Given,
  { egress, certificateAuthorities }: Outside,
): CallSettings | null {
  const { clientId: id, clientSecret: secret, clientSecretFile: secretFile, replaced } = parsed(file, given);
  const client =
    file.token.client_authentication === 'public' ? publicClient(id) : oauthClient({ id, secret, secretFile });
  if (!client) return null;
  const authorities = withAuthorities(certificateAuthorities) ?? null;
  const connect = guardedConnector(egress, { timeoutMs: CONNECT_TIMEOUT_MS, certificateAuthorities: authorities });
  return {
    label: file.label,
    http: createHttp(),
    guardedHttp: createHttp({ connect }),
    addresses: new Addresses(file.servers, replaced),
    client,
    classify: classifierOf(file),
  };
}
