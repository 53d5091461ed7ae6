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

/** The domain of an address; null unless it is a name of the DNS: no IP address, no path, no local host without a dot. */
export function dnsDomainOf(address: string): string | null {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(domain) ? domain : null;
}
