import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../embedded/run-file.ts';
import { secret as mint } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';

const ANA = 'ana@example.com';
const BEN = 'ben@example.com';
const PASSWORD = mint('password');
/**
 * A frozen server is noticed by its missing heartbeats, a request by a probe without an answer: within 10 s, and several
 * times that on a busy machine.
 */
const SOON_MS = 45_000;
/** How long a login takes that the server is frozen in the middle of. */
const LOGIN_MS = 6_000;

interface Channel {
  id: string;
  account: { email: string };
}

/** A server that has stopped without closing anything, and a device without a network, as a person sees them. */
describe.skipIf(!chromiumInstalled)('a person whose network is gone', { timeout: 240_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let channel: Channel;

  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page } = await openPage(browser));
    context = page.context();
    for (const email of [ANA, BEN])
      await mooring.sandbox.call('PUT', `/control/accounts/imap/${email}`, { password: PASSWORD });
    // Without imports nothing but what a person asks for signs in to the mail server.
    await openForm(page);
    await submitForm(page, ANA);
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    channel = (await channelsOf(ANA))[0] ?? expect.unreachable();
    await page.goto(mooring.run.ui_login);
    await page.goto(new URL(`/channels/${channel.id}`, mooring.run.ui).href);
  }, START_TIMEOUT_MS);
  // A test that fails halfway fails no other.
  afterEach(async () => {
    for (const name of ['server', 'sandbox'] as const) signal(name, 'SIGCONT');
    await context.setOffline(false);
  });
  afterAll(async () => {
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  const signal = (name: keyof Run['pids'], what: 'SIGSTOP' | 'SIGCONT') => {
    const pid = mooring.run.pids[name];
    if (pid) process.kill(pid, what);
  };
  const button = (name: string, of = page) => of.getByRole('button', { name, exact: true });
  const live = (words: string) => page.locator('header').getByText(words, { exact: true });
  const channelsOf = async (email: string) =>
    (await mooring.call<{ data: Channel[] }>('GET', '/v1/channels')).data.filter((it) => it.account.email === email);
  const logins = async () => (await mooring.sandbox.requests('imap', 'login', ANA)).length;

  async function openForm(on: Page): Promise<void> {
    const { url } = await mooring.call<{ url: string }>('POST', '/v1/links', {
      tenant: 'acme',
      access_types: ['imap'],
      import: 'off',
    });
    await on.goto(url);
  }

  async function submitForm(on: Page, email: string): Promise<void> {
    await on.getByRole('textbox', { name: 'Email or user name', exact: true }).fill(email);
    await on.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button('Connect', on).click();
  }

  it('reads within seconds that a frozen server does not answer, and what is old', async () => {
    await live('Live').waitFor();
    await button('Verify connection').waitFor();
    signal('server', 'SIGSTOP');
    await live('No answer').waitFor({ timeout: SOON_MS });
    await page.getByText(/^What you see is from \d\d:\d\d:\d\d and may be old\./).waitFor();
    signal('server', 'SIGCONT');
    await live('Live').waitFor({ timeout: SOON_MS });
    await page.getByText('and may be old').waitFor({ state: 'hidden' });
  });

  it('is not left with “Verifying…”, and a second press verifies nothing twice', async () => {
    const before = await logins();
    const replies: Response[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/verify')) replies.push(response);
    });
    await mooring.sandbox.fault('imap', ANA, 'slow', { ms: LOGIN_MS, kind: 'login', times: 1 });
    await button('Verify connection').click();
    await button('Verifying…').waitFor();
    await expect.poll(logins).toBe(before + 1);
    signal('server', 'SIGSTOP');
    await page.getByRole('alert').getByText('nothing is done twice').waitFor({ timeout: SOON_MS });
    await button('Verify connection').click();
    await button('Verifying…').waitFor();
    signal('server', 'SIGCONT');
    await page.getByText('Verified', { exact: true }).waitFor();
    expect(await replies.at(-1)?.headerValue('idempotent-replayed')).toBe('true');
    expect(await logins()).toBe(before + 1);
  });

  it('is not left with “Signing in to test it…”; trying again connects one channel', async () => {
    const other = await context.newPage();
    await openForm(other);
    await other.getByRole('textbox', { name: 'Email or user name', exact: true }).waitFor();
    signal('server', 'SIGSTOP');
    await submitForm(other, BEN);
    await button('Signing in to test it…', other).waitFor();
    await other.getByText('Mooring does not answer', { exact: true }).waitFor({ timeout: SOON_MS });
    signal('server', 'SIGCONT');
    await button('Try again', other).click();
    await other.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    expect(await channelsOf(BEN)).toHaveLength(1);
    await other.close();
  });

  it('reads that the device is offline, on every page, and what to do', async () => {
    const other = await context.newPage();
    await openForm(other);
    await other.getByRole('textbox', { name: 'Email or user name', exact: true }).waitFor();
    await live('Live').waitFor({ timeout: SOON_MS });
    await context.setOffline(true);
    await live('Offline').waitFor({ timeout: SOON_MS });
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
    await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor();
    await page.getByText('You are offline', { exact: true }).waitFor();
    await submitForm(other, BEN);
    await other.getByText('You are offline', { exact: true }).waitFor({ timeout: SOON_MS });
    await context.setOffline(false);
    await live('Live').waitFor({ timeout: SOON_MS });
    await page.getByText('No endpoint yet.').waitFor({ timeout: SOON_MS });
    await other.close();
  });

  it('reads on the sandbox’s page that the sandbox does not answer', async () => {
    const sandbox = await context.newPage();
    await sandbox.goto(mooring.sandbox.page);
    await button(ANA, sandbox).waitFor();
    const providers = await mooring.sandbox.call<{ data: { title: string }[] }>('GET', '/control/providers');
    for (const { title } of providers.data) await sandbox.getByRole('heading', { name: title, exact: true }).waitFor();
    await sandbox.getByRole('table').filter({ hasText: 'LOGIN' }).waitFor();
    const notice = sandbox.getByRole('status');
    await notice.waitFor({ state: 'hidden' });
    signal('sandbox', 'SIGSTOP');
    await notice.filter({ hasText: 'The sandbox does not answer.' }).waitFor({ timeout: SOON_MS });
    signal('sandbox', 'SIGCONT');
    await notice.filter({ hasText: 'does not answer' }).waitFor({ state: 'hidden', timeout: SOON_MS });
    await sandbox.close();
  });
});
