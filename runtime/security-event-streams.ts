import { randomUUID } from 'node:crypto';
import type { ProviderName } from '../domain/access-type.ts';
import type { Providers } from '../providers/registry.ts';
import type { SecurityEventStream } from '../providers/security-events.ts';
import type { Context } from './context.ts';

/** The list of what an authorization server tells, which belongs to the operator's project there. */
interface ProviderStream {
  provider: ProviderName;
  stream: SecurityEventStream;
}

/** One per authorization server, although several access types may rest on it. */
export function streamsOf(providers: Providers, only: ProviderName | null = null): ProviderStream[] {
  const found = new Map<ProviderName, SecurityEventStream>();
  for (const { provider, securityEvents } of [...providers.values()].flatMap(({ signIn }) => signIn.oauth)) {
    const stream = securityEvents?.stream;
    if (stream && (only === null || provider === only)) found.set(provider, stream);
  }
  return [...found].map(([provider, stream]) => ({ provider, stream }));
}

const receiverAt = (publicUrl: string, provider: ProviderName) => `${publicUrl}/push/${provider}/security-events`;

/** Has the provider tell us, in place of another receiver, and has it verify that. */
export async function registerReceiver(
  { provider, stream }: ProviderStream,
  publicUrl: string,
): Promise<{ url: string; replaced: string | null }> {
  const url = receiverAt(publicUrl, provider);
  const before = await stream.receiver();
  await stream.register(url);
  await stream.verify(randomUUID());
  return { url, replaced: before === url ? null : before };
}

/**
 * Registers this Mooring where the project has no receiver yet. A receiver of the product's own is left alone: a project
 * has one stream, and registering would replace it.
 */
export async function registerFirstReceivers({
  providers,
  config,
  logger,
}: Pick<Context, 'providers' | 'config' | 'logger'>): Promise<void> {
  for (const { provider, stream } of streamsOf(providers)) {
    const url = receiverAt(config.publicUrl, provider);
    const receiver = await stream.receiver();
    if (receiver === null) await registerReceiver({ provider, stream }, config.publicUrl);
    else if (receiver !== url) logger.warn({ provider, receiver }, ANOTHER_RECEIVER);
  }
}

const ANOTHER_RECEIVER =
  'The provider tells another receiver of security events; Mooring learns of ended grants at their next use';
