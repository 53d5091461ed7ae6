import { normalAddress } from '../../domain/address.ts';
import { incomplete } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Identity } from '../contract.ts';
import { grantKeyOf } from '../grant-key.ts';
import { callApi } from './api-calls.ts';
import type { Calling, CallSettings } from './api-calls.ts';
import type { ProviderFile } from './file-format.ts';
import { firstOf } from './templates.ts';

type Owner = Pick<Identity, 'account' | 'grantKey'>;

/** Asks whose token it is. Throws `ProviderError`, also for an answer without the fields that the file names. */
export async function findOwner(
  { name, label, identity }: ProviderFile,
  settings: CallSettings,
  calling: Omit<Calling, 'operation'>,
): Promise<Owner> {
  const json = await callApi(settings, identity, { ...calling, operation: 'api' });
  const id = firstOf(json, identity.id);
  const email = firstOf(json, identity.email);
  if (id === null || email === null) {
    const lacking = id === null ? 'identity.id' : 'identity.email';
    throw new ProviderError(`${label} answered without the field of ${lacking}`, incomplete('identity_missing'));
  }
  return {
    account: { email: normalAddress(email), login: email, providerId: id },
    grantKey: grantKeyOf(name, settings.client.id, id),
  };
}
