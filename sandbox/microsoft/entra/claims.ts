/** What a `claims` parameter asks for, as far as the sandbox acts on it. */
export interface RequestedClaims {
  /** `xms_cc: cp1`: the client understands claims challenges of an API. */
  readonly capable: boolean;
  /** Seconds: the answer to a challenge. */
  readonly nbf: number | null;
}

/** Undefined when it is no JSON object. https://learn.microsoft.com/entra/identity-platform/claims-challenge */
export function parseClaims(text: string | null): RequestedClaims | undefined {
  if (text === null || text === '') return { capable: false, nbf: null };
  try {
    const claims = JSON.parse(text) as {
      access_token?: { xms_cc?: { values?: unknown[] }; nbf?: { value?: unknown } };
    };
    if (typeof claims !== 'object' || claims === null) return undefined;
    const nbf = Number(claims.access_token?.nbf?.value ?? Number.NaN);
    return {
      capable: claims.access_token?.xms_cc?.values?.includes('cp1') === true,
      nbf: Number.isFinite(nbf) ? nbf : null,
    };
  } catch {
    return undefined;
  }
}
