/** An address as a key: the way it was typed makes no other account. */
export function accountKey(email: string): string {
  return email.trim().toLowerCase();
}
