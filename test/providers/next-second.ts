import { expect } from 'vitest';

/** Salesforce stamps whole seconds: until the next one begins. */
export function aSecondBegins(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  return expect.poll(() => Math.floor(Date.now() / 1000), { interval: 20, timeout: 10_000 }).toBeGreaterThan(second);
}
