import type { ListedItem } from '../../providers/contract.ts';

/** One text for what identifies a message within its folder. */
export function keyOf({ generation, providerId }: ListedItem): string {
  return JSON.stringify([generation, providerId]);
}
