/** Addresses are compared without regard to case; the local part's case matters to no provider we know. */
export function mailboxKeyOf(email: string): string {
  return email.trim().toLowerCase();
}
