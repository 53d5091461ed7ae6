/** Whose work it is: shared fairly between tenants, and between the servers of their channels. */
export interface Party {
  tenantId: string;
  /** A mail server (`channels.server_key`), or one of several authorization servers; '': the provider has but one. */
  server: string;
}

/** So many parties are remembered; the one that was served longest ago is forgotten first. */
const REMEMBERED = 1_000;

/**
 * The order of parties, and how much of a process's work hangs for each. A party takes its turn after those that were
 * served longer ago, and gets no more work while its share hangs.
 */
export class Shares {
  /** How much work of a tenant or of a server may hang. */
  readonly #share: number;
  readonly #hanging = new Map<string, number>();
  readonly #served = new Map<string, number>();
  #turn = 0;

  constructor(share: number) {
    this.#share = share;
  }

  /** The party has its turn. */
  serve(party: Party): void {
    this.#turn++;
    for (const key of keysOf(party)) {
      this.#served.delete(key);
      this.#served.set(key, this.#turn);
    }
    for (const key of this.#served.keys()) if (this.#served.size > REMEMBERED) this.#served.delete(key);
  }

  /** The first of those whose turn it is: tenants in turn, and within a tenant its servers. */
  firstOf<T extends { party: Party }>(waiting: readonly T[]): T | undefined {
    let first: { one: T; tenantAt: number; ownAt: number } | undefined;
    for (const one of waiting) {
      const { tenant, own } = keyed(one.party);
      const [tenantAt, ownAt] = [this.#served.get(tenant) ?? 0, this.#served.get(own) ?? 0];
      const isBefore =
        first === undefined || tenantAt < first.tenantAt || (tenantAt === first.tenantAt && ownAt < first.ownAt);
      if (isBefore) first = { one, tenantAt, ownAt };
    }
    return first?.one;
  }

  /** A piece of its work has begun to hang, or does no longer. */
  count(party: Party, change: 1 | -1): void {
    for (const key of keysOf(party)) {
      const count = (this.#hanging.get(key) ?? 0) + change;
      if (count > 0) this.#hanging.set(key, count);
      else this.#hanging.delete(key);
    }
  }

  /**
   * Whether the party has to come back later. That one server hangs for some says little of the rest: until twice the
   * share hangs, a tenant may try its other servers, and other tenants may try the server.
   */
  isCrowded(party: Party): boolean {
    const { tenant, server, own } = keyed(party);
    const most = this.#share * (this.#hangingOf(own) > 0 ? 1 : 2);
    return this.#hangingOf(tenant) >= most || (party.server !== '' && this.#hangingOf(server) >= most);
  }

  #hangingOf(key: string): number {
    return this.#hanging.get(key) ?? 0;
  }
}

const keyed = ({ tenantId, server }: Party) => ({
  tenant: `tenant ${tenantId}`,
  server: `server ${server}`,
  own: `both ${tenantId} ${server}`,
});
const keysOf = (party: Party) => Object.values(keyed(party));
