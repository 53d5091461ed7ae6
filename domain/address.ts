/** An address in the form that is compared: the case of the local part matters to no provider we know. */
export function normalAddress(address: string): string {
  return address.trim().toLowerCase();
}

export function isSameAddress(one: string, other: string): boolean {
  return normalAddress(one) === normalAddress(other);
}

/** Whether mail can be addressed to it at all: one `@`, a domain, no blank, control or bracket. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>()[\],;:\\"\p{Cc}]{1,64}@[^\s@<>()[\],;:\\"\p{Cc}]+$/u.test(text);
}
