import { verdict } from '../../domain/verdict-builders.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import type { ScopeReference } from '../contract.ts';
import type { ImportedObject, SalesforceClient } from './client.ts';
import { OBJECTS, presence } from './schema.ts';

/** An object, or a field of it, that the organization lacks or the login may not see. */
const HIDDEN = /^(INVALID_TYPE|INVALID_FIELD|NOT_FOUND|NO_ACCESS|INSUFFICIENT_ACCESS\w*)$/;

export const objectOf = ({ scope }: Pick<ScopeReference, 'scope'>) => scope as ImportedObject;

export const isHidden = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && HIDDEN.test(error.verdict.providerCode ?? '');

/**
 * Runs calls about one object. Where another object is given, a hidden one is refused for itself (`PartRefused`): an
 * organization without Enhanced Email has no EmailMessage. Where none is given, an administrator has to admit the login.
 */
export async function runInPart<Result>(
  client: SalesforceClient,
  part: Pick<ScopeReference, 'scope'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isHidden(error) ? await refusalOf(client, part, error) : error;
  }
}

/** The same for what is read piece by piece. */
export async function* readInPart<Result>(
  client: SalesforceClient,
  part: Pick<ScopeReference, 'scope'>,
  reading: AsyncIterable<Result>,
): AsyncGenerator<Result> {
  try {
    yield* reading;
  } catch (error) {
    throw isHidden(error) ? await refusalOf(client, part, error) : error;
  }
}

async function refusalOf(
  client: SalesforceClient,
  { scope }: Pick<ScopeReference, 'scope'>,
  { message, verdict: { providerCode } }: ProviderError,
): Promise<ProviderError> {
  for (const other of OBJECTS) {
    if (other === scope || !(await isGiven(client, other))) continue;
    return new PartRefused(message, verdict('transient', 'provider_unavailable', { providerCode }));
  }
  return new ProviderError(message, verdict('admin_action', 'admin_policy_enforced', { providerCode }));
}

async function isGiven(client: SalesforceClient, object: ImportedObject): Promise<boolean> {
  try {
    await client.query(presence, `SELECT Id FROM ${object} LIMIT 1`);
    return true;
  } catch (error) {
    if (isHidden(error)) return false;
    throw error;
  }
}
