import { dnsDomainOf } from '../../domain/address.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';

/** Microsoft's own servers take no passwords, and Exchange Web Services end there in April 2027. */
const HOSTS = /^(outlook\.office(365)?\.(com|us)|(.+\.)?outlook\.com|partner\.outlook\.cn)$/;
/** The addresses that mailboxes get when they move there. */
const DOMAINS = /(^|\.)onmicrosoft\.(com|us|cn)$/;

export function refuseExchangeOnline({ hostname }: URL): void {
  if (HOSTS.test(hostname)) throw isExchangeOnline(hostname);
}

export function refuseExchangeOnlineAddress(email: string): void {
  const domain = dnsDomainOf(email) ?? '';
  if (DOMAINS.test(domain)) throw isExchangeOnline(domain);
}

function isExchangeOnline(name: string): ProviderError {
  const refusal = verdict('misconfigured', 'app_credentials_invalid', { providerCode: 'exchange_online' });
  return new ProviderError(`${name} is Exchange Online: connect this mailbox as Microsoft 365`, refusal);
}
