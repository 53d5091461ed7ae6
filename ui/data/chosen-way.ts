import { useState } from 'react';
import type { AccessType } from '../../domain/access-type.ts';
import { linkPath } from './link-queries.ts';

const KEY = 'mooring.way';

/**
 * The access type that a person chose on a link's page, kept for this tab: after a sign-in at a provider that failed, the
 * page goes on with the same choice. null: none is chosen.
 */
export function useChosenWay(
  link: string,
  initial: AccessType | null,
): [AccessType | null, (chosen: AccessType | null) => void] {
  const [chosen, setChosen] = useState(() => chosenBefore(link) ?? initial);
  const choose = (accessType: AccessType | null) => {
    sessionStorage.setItem(KEY, JSON.stringify([linkPath(link), accessType]));
    setChosen(accessType);
  };
  return [chosen, choose];
}

function chosenBefore(link: string): AccessType | null {
  try {
    const [path, accessType] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as unknown[];
    return path === linkPath(link) && typeof accessType === 'string' ? accessType : null;
  } catch {
    return null;
  }
}
