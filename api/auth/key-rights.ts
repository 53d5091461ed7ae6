import type { KeyLimits } from '../../db/schema/tenants.ts';
import { isRangeWithin } from './address-ranges.ts';

/** What a key may do, for whom, from where, until when and how often. */
export interface KeyRights {
  /** null: every tenant. */
  tenantId: string | null;
  scopes: readonly string[];
  /** null: from anywhere. */
  cidrs: readonly string[] | null;
  /** null: for ever. */
  expiresAt: Date | null;
  /** null, or a limit that is absent: as often as it likes. */
  limits: KeyLimits | null;
}

/** One of the rights, as the API names it. */
export type Right = 'tenant' | 'scopes' | 'cidrs' | 'expires_at' | 'limits';

const LIMIT_NAMES = ['readsPerMinute'] as const satisfies (keyof KeyLimits)[];

/**
 * Where `wanted` goes beyond `own`; empty where `own` may grant it. A right that is absent from `own`, such as a list
 * of ranges, is a restriction it does not have.
 */
export function rightsBeyond(wanted: KeyRights, own: KeyRights): Right[] {
  const isWithin: Record<Right, boolean> = {
    tenant: own.tenantId === null || wanted.tenantId === own.tenantId,
    scopes: scopesBeyond(wanted, own).length === 0,
    cidrs: areRangesWithin(wanted.cidrs, own.cidrs),
    expires_at: own.expiresAt === null || (wanted.expiresAt !== null && wanted.expiresAt <= own.expiresAt),
    limits: LIMIT_NAMES.every((name) => isLimitWithin(wanted.limits?.[name], own.limits?.[name])),
  };
  return (Object.keys(isWithin) as Right[]).filter((right) => !isWithin[right]);
}

export const scopesBeyond = (wanted: Pick<KeyRights, 'scopes'>, own: Pick<KeyRights, 'scopes'>): string[] =>
  wanted.scopes.filter((scope) => !own.scopes.includes(scope));

function areRangesWithin(wanted: readonly string[] | null, own: readonly string[] | null): boolean {
  return own === null || (wanted !== null && wanted.every((range) => isRangeWithin(range, own)));
}

const isLimitWithin = (wanted: number | undefined, own: number | undefined) =>
  own === undefined || (wanted !== undefined && wanted <= own);
