/** Of the accounts that sign in with one. They hold nothing but letters that the sandbox wrote. */
const PASSWORD = 'let-me-in';
const MESSAGES = 5;

/** What a newcomer finds in a new sandbox, so that the first channel needs nothing made up. */
const ACCOUNTS = [
  { provider: 'google', email: 'gmail-demo@example.com', name: 'Gina Demo' },
  { provider: 'microsoft', email: 'microsoft-demo@example.com', name: 'Milo Demo' },
  { provider: 'imap', email: 'imap-demo@example.com', name: 'Ines Demo', password: PASSWORD },
  { provider: 'exchange', email: 'exchange-demo@example.com', name: 'Emil Demo', password: PASSWORD },
  { provider: 'salesforce', email: 'salesforce-demo@example.com', name: 'Sara Demo' },
];

/** Makes the accounts, with a few messages each. Throws where the sandbox refuses one. */
export async function addDemoAccounts(control: string): Promise<void> {
  for (const { provider, email, ...account } of ACCOUNTS) {
    const path = `${control}/control/accounts/${provider}/${email}`;
    await send('PUT', path, account);
    await send('POST', `${path}/messages`, { count: MESSAGES });
  }
}

async function send(method: string, url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`The sandbox answers ${answer.status} to ${method} ${url}: ${await answer.text()}`);
}
