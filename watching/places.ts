/** What a look counts against. */
interface Claim {
  channelId: string;
  tenantId: string;
  host: string;
}

export interface PlaceLimits {
  all: number;
  /** So that neither one tenant nor one hanging server has all places. */
  perTenant: number;
  perHost: number;
}

/** The looks of this process at one time. A tenant or a host never has more than its part of the places. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #taken = new Map<string, Claim>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get free(): number {
    return this.#limits.all - this.#taken.size;
  }

  get channelIds(): string[] {
    return [...this.#taken.keys()];
  }

  /** Tenants and hosts that have all that they may have. */
  get full(): { tenants: string[]; hosts: string[] } {
    return {
      tenants: overLimit(count(this.#taken.values(), 'tenantId'), this.#limits.perTenant),
      hosts: overLimit(count(this.#taken.values(), 'host'), this.#limits.perHost),
    };
  }

  /** Those of the claims that get a place now, in their order. */
  choose<C extends Claim>(claims: readonly C[]): C[] {
    const tenants = count(this.#taken.values(), 'tenantId');
    const hosts = count(this.#taken.values(), 'host');
    const chosen: C[] = [];
    for (const claim of claims) {
      const ofTenant = tenants.get(claim.tenantId) ?? 0;
      const ofHost = hosts.get(claim.host) ?? 0;
      const { perTenant, perHost } = this.#limits;
      if (ofTenant >= perTenant || ofHost >= perHost || this.#taken.has(claim.channelId)) continue;
      if (chosen.length >= this.free) break;
      tenants.set(claim.tenantId, ofTenant + 1);
      hosts.set(claim.host, ofHost + 1);
      chosen.push(claim);
    }
    return chosen;
  }

  take(claim: Claim): void {
    this.#taken.set(claim.channelId, claim);
  }

  give({ channelId }: Claim): void {
    this.#taken.delete(channelId);
  }
}

function count(claims: Iterable<Claim>, by: 'tenantId' | 'host'): Map<string, number> {
  const counts = new Map<string, number>();
  for (const claim of claims) counts.set(claim[by], (counts.get(claim[by]) ?? 0) + 1);
  return counts;
}

const overLimit = (counts: Map<string, number>, limit: number) =>
  [...counts].flatMap(([key, taken]) => (taken >= limit ? key : []));
