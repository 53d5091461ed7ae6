import { randomUUID } from 'node:crypto';
import type { ProviderName } from '../domain/access-type.ts';
import type { Providers } from '../providers/registry.ts';
import type { SecurityEventStream } from '../providers/security-events.ts';
import type { Context } from './context.ts';

/** An authorization server's one stream of security events, which belongs to the operator's project there. */
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

/** Registers this Mooring as the receiver, in place of another one, and asks the provider to verify it. */
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
 * Registers this Mooring where the project has no receiver yet. Another receiver, such as the product's own, stays: a
 * project has one stream, and a registration would replace it.
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
  'Another receiver of security events is registered at the provider; Mooring learns of ended grants at their next use';
