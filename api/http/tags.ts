/** The chapters of the reference, in the order in which a product meets them. */
export const TAGS = {
  Links: 'Addresses for the people who own the accounts: to connect one, or to sign in again',
  'Access tokens': 'Fresh tokens for the product’s own calls to the provider',
  Channels: 'Connected accounts: their state, and what can be done with them',
  Imports: 'What was missed, with a receipt',
  Messages: 'The stored messages, each once',
  Webhooks: 'Endpoints that are told of every event',
  Events: 'The same events as a stream, and the incidents that they belong to',
  Notices: 'Who was told what, and when',
  Tenants: 'The product’s customers and their policies',
  Branding: 'How connect pages and mails look',
  Outbox: 'Mails that are kept because no mail server is configured',
  'API keys': 'Who may call this API',
  Banner: 'What the product shows in its own pages while a channel needs a person',
  'Connect pages': 'What the page behind a link calls, for a product that has a page of its own',
  'Web UI': 'What the web UI calls to sign in',
  Operation: 'For probes and metrics',
} satisfies Record<string, string>;
export type Tag = keyof typeof TAGS;
