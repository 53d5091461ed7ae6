import { useInfiniteQuery } from '@tanstack/react-query';
import { noticesQuery } from '../../data/notice-queries.ts';
import { isRefusedAddress } from '../../words/notice-words.ts';
import { plural } from '../../words/time.ts';
import { Notice } from '../notice.tsx';

const LOOKED_THROUGH = 200;

/** The addresses that reached no one of late, so that an owner or an admin can be corrected. */
export function RefusedAddresses({ tenant }: { tenant: string | null }) {
  const failed = useInfiniteQuery(noticesQuery({ tenant, state: 'failed' }, LOOKED_THROUGH));
  const refused = [
    ...new Set(
      (failed.data?.pages[0]?.data ?? []).filter(isRefusedAddress).flatMap(({ to }) => (to === null ? [] : [to])),
    ),
  ];
  if (refused.length === 0) return null;
  return (
    <div className="refused">
      <Notice
        tone="warn"
        title={`${plural(refused.length, 'address', 'addresses')} ${refused.length === 1 ? 'takes' : 'take'} no mail`}
      >
        {refused.length === 1 ? 'Its mail server refuses it' : 'Their mail servers refuse them'} for good, so the admins
        are told instead. Correct the owner of the channel, or the admins in the settings.
        <ul>
          {refused.map((address) => (
            <li key={address} className="address">
              {address}
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}
