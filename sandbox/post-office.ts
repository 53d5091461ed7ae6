import type { PostOffice, ProviderName, SandboxProvider } from './provider.ts';

/** @param providers all of them, also those that open later */
export function openPostOffice(providers: ReadonlyMap<ProviderName, SandboxProvider>): PostOffice {
  return {
    carry({ from, to, raw }) {
      const others = [...providers.values()].filter(({ name }) => name !== from);
      const own = providers.get(from);
      for (const email of new Set(to.map((address) => address.toLowerCase()))) {
        const place = [...(own ? [own] : []), ...others].find((provider) => provider.account(email));
        place?.deliver(email, { count: 1, raw: raw.toString('base64') });
      }
    },
    keep({ at, email, folder, raw }) {
      const [kept] = providers.get(at)?.deliver(email, { count: 1, folder, raw: raw.toString('base64') }) ?? [];
      if (kept) return kept;
      throw new Error(`${at} kept nothing in ${folder}`);
    },
  };
}
