const MOST = 1000;

interface PageOptions {
  /** Where `$top` is absent. */
  readonly size: number;
  /** Of the collection, for the link to the next page. */
  readonly address: string;
}

/**
 * A page of a collection by `$top` and `$skip`. The next one begins after so many items, wherever they are by then: what
 * comes or goes meanwhile shifts it, as it does at Outlook.
 */
export function pageOf<T>(
  all: readonly T[],
  query: URLSearchParams,
  { size, address }: PageOptions,
): { readonly items: readonly T[]; readonly nextLink: string | undefined } {
  const top = Math.min(positive(query.get('$top')) ?? size, MOST);
  const skip = positive(query.get('$skip')) ?? 0;
  const items = all.slice(skip, skip + top);
  if (skip + top >= all.length) return { items, nextLink: undefined };
  const next = new URLSearchParams(query);
  next.set('$skip', String(skip + top));
  return { items, nextLink: `${address}?${next.toString().replaceAll('%24', '$').replaceAll('+', '%20')}` };
}

function positive(text: string | null): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isInteger(value) && value >= 0 ? value : undefined;
}
