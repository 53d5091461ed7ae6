/** An address in the form that is compared: the case of the local part matters to no provider we know. */
export function normalAddress(address: string): string {
  return address.trim().toLowerCase();
}

export function isSameAddress(one: string, other: string): boolean {
  return normalAddress(one) === normalAddress(other);
}
