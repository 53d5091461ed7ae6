import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/ids.ts';
import { secret } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { listenForWebhooks } from '../webhooks/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { hostileMails } from './hostile-mails.ts';
import { faultsHere, faultsOnEveryScreen } from './pages.ts';

const ANA = 'ana@example.com';

/** What people look for among many channels and messages. */
describe.skipIf(!chromiumInstalled)('a reader', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let channelId: string;

  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page, complaints } = await openPage(browser));
    const password = secret('password');
    await mooring.sandbox.account('imap', ANA, { password });
    const { host, port, security } = mooring.sandbox.imap ?? {};
    const credential = { username: ANA, password, host, port, security };
    const adopted = { tenant: 'acme', access_type: 'imap', account: { email: ANA }, credential };
    channelId = (await mooring.call<{ id: string }>('POST', '/v1/channels', adopted)).id;
    await page.goto(mooring.run.ui_login);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  it('opens a hostile message: its words are there, and nothing of it runs, loads or leads anywhere', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const { raw, large } = hostileMails(`${mooring.run.api}/healthz?stolen`);
    for (const one of [large, raw])
      await mooring.sandbox.call('POST', `/control/accounts/imap/${ANA}/messages`, {
        raw: Buffer.from(one).toString('base64'),
      });
    await page.goto(new URL(`/channels/${channelId}`, mooring.run.ui).href);
    await page.getByRole('region', { name: 'Messages 2 stored', exact: true }).waitFor();
    await page.getByRole('link', { name: 'All messages', exact: true }).click();
    // Each is alone with its marks of direction: what a sender writes turns nothing else around.
    const line = page.getByRole('listitem').filter({ hasText: 'You have won' });
    await expect.poll(() => line.locator('bdi').allInnerTexts()).toEqual(['You have won', 'Eve\u202e', 'INBOX']);
    await page.getByRole('link', { name: 'You have won', exact: true }).click();
    const frame = page.frameLocator('iframe[title="The message"]');
    await frame.getByText('Dear friend').waitFor();
    await page.getByText(/^2 pictures elsewhere are not loaded/).waitFor();
    expect(await frame.locator('script, form, a, img, iframe, [onclick], [style*="url"]').count()).toBe(0);
    await frame.getByText('the prize').click();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'prize.html', exact: true }).click(),
    ]);
    expect(await readFile(await saved.path(), 'utf8')).toBe('<script>alert(1)</script>');
    expect(await faultsOnEveryScreen(page, [page.url()])).toEqual([]);
    await page.goBack();
    await page.getByRole('link', { name: 'Very long', exact: true }).click();
    await page.getByText('The message is very long; this is its beginning.', { exact: true }).waitFor();
    expect(asked.filter((url) => url.includes('stolen'))).toEqual([]);
  });

  it('finds one of several hundred channels: by scrolling, by order and by a pasted id', async () => {
    const sql = postgres(mooring.run.database_url ?? '', { max: 1, onnotice: () => {} });
    const ids = Array.from({ length: 400 }, () => newId('chn'));
    await sql`insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login,
      account_provider_id, mailbox_key, status, status_since, credential_version, created_at, disconnected_at)
      select id, 'acme', 'individual', 'imap', '{read}', 'many.' || lpad(n::text, 4, '0') || '@example.com', 'x', 'x',
        'many' || n, 'disconnected', now(), 1, now(), now() from unnest(${ids}::text[]) with ordinality as made (id, n)`;
    await sql.end();
    await page.goto(mooring.run.ui);
    const rows = page.getByRole('row');
    const row = (address: string) => page.getByRole('link', { name: address, exact: true });
    await row('many.0001@example.com').waitFor();
    expect(await rows.count()).toBeLessThan(100);
    await page.getByRole('combobox', { name: 'Sort by', exact: true }).selectOption({ label: 'Address' });
    for (let turn = 0; turn < 60 && (await row('many.0400@example.com').count()) === 0; turn++) {
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(100); // a wheel has no end to wait for
    }
    await row('many.0400@example.com').waitFor();
    expect(await rows.count()).toBeLessThan(100);
    await page.getByRole('searchbox', { name: 'Search', exact: true }).fill(ids[276]!);
    await row('many.0277@example.com').waitFor();
    await expect.poll(() => rows.count()).toBe(2);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export as CSV', exact: true }).click(),
    ]);
    const [heading, line, end] = (await readFile(await saved.path(), 'utf8')).split('\r\n');
    expect(heading).toMatch(/^id,tenant,email,/);
    expect(line).toMatch(new RegExp(`^${ids[276]},acme,many\\.0277@example\\.com,`));
    expect(end).toBe('');
    await row('many.0277@example.com').click();
    await page.getByRole('heading', { name: 'many.0277@example.com', exact: true }).waitFor();
  });

  it('tries a webhook endpoint: a test event, what was sent and answered, a replay and another secret', async () => {
    const hooks = await listenForWebhooks((_one, times) => (times === 1 ? 410 : 204));
    const { id } = await mooring.call<{ id: string }>('POST', '/v1/webhook-endpoints', { url: hooks.url });
    await page.goto(new URL('/webhooks', mooring.run.ui).href);
    const card = page.getByRole('region', { name: `Endpoint ${hooks.url}`, exact: true });
    const press = (name: string) => card.getByRole('button', { name, exact: true }).click();
    await card.getByText('Test, replay and secret', { exact: true }).click();
    await card.getByRole('combobox', { name: 'Test event', exact: true }).selectOption('channel.blocked');
    await press('Send a test');
    await card.getByText(/^It is on its way/).waitFor();
    await press('Deliveries');
    await card.getByText('Failed', { exact: true }).waitFor();
    await press('Look');
    await card.getByLabel('The request', { exact: true }).getByText('"type": "channel.blocked"').waitFor();
    await card.getByLabel('The answer', { exact: true }).getByText('what an endpoint answers').waitFor();
    await card.getByText(/^after \d+ ms .*The endpoint answered 410, gone, and was disabled$/).waitFor();
    await mooring.call('PATCH', `/v1/webhook-endpoints/${id}`, { disabled: false });
    await page.reload();
    await card.getByText('Test, replay and secret', { exact: true }).click();
    await press('Replay');
    await card.getByText('1 event on the way again.', { exact: true }).waitFor();
    await expect.poll(() => hooks.received.length).toBe(2);
    await press('Rotate the secret');
    await card.getByRole('button', { name: /^Copy webhook secret whsec_/ }).waitFor();
    await press('Deliveries');
    await card.getByText('Delivered', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Look', exact: true }).first().click();
    await card.getByLabel('The request', { exact: true }).waitFor();
    expect(await faultsHere(page)).toEqual([]);
    await hooks.close();
  });

  it('leaves no complaint in the browser’s console', () => {
    expect(complaints).toEqual([]);
  });
});
