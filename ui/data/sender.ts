/** A message's sender as the API gives it: an address, an object with name and address, or a list of either. */
export function senderName(from: unknown): string {
  if (typeof from === 'string' && from !== '') return from;
  if (Array.isArray(from) && from.length > 0) return senderName(from[0]);
  if (typeof from === 'object' && from !== null) {
    const { name, address, email } = from as { name?: string | null; address?: string; email?: string };
    return name || address || email || 'unknown sender';
  }
  return 'unknown sender';
}
