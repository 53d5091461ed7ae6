import postgres from 'postgres';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTenant } from '../../db/access/tenants.ts';
import { newId } from '../../db/ids.ts';
import { composeMail } from '../../notifications/mail/compose.ts';
import { sampleOf } from '../notifications/mail-samples.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { personal } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsOnEveryScreen } from './pages.ts';

/** What people see of mails in our own pages: those that were kept, and the end of them. */
describe.skipIf(!chromiumInstalled)('mails in the web UI', { timeout: 90_000 }, () => {
  let stage: Stage;
  let api: Api;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  // A kept mail is where its link belongs; logs and histories are not.
  const link = `https://connect.example.com/connect/lnk_${personal('kept-link')}`;
  const ids: string[] = [];

  beforeAll(async () => {
    [stage, browser] = await Promise.all([raiseStage({ variables: { MOORING_OUTBOX: 'on' } }), launchBrowser()]);
    api = await startApi(stage.context);
    ({ page, complaints } = await openPage(browser));
    await page.goto(`${api.url}${api.loginPath}`, { waitUntil: 'commit' });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await stage?.close();
  });

  /** Sends a mail as the worker does. */
  async function send(tenantId: string, id: string, email: string) {
    const input = sampleOf('reauth_required');
    const items = input.items.map((item) => ({ ...item, link }));
    const to = { email, name: 'Ana' };
    const now = await stage.context.clock.now();
    await stage.context.database.inTenant(tenantId, (tx) => ensureTenant(tx, tenantId, now));
    ids.push(id);
    return stage.context.mailer.send({ ...composeMail({ ...input, items, recipient: to }), id, tenantId, to });
  }

  it('shows what was kept instead of sent, in a frame in which nothing runs', async () => {
    await page.goto(`${api.url}/`);
    await page.getByRole('link', { name: 'Outbox', exact: true }).click();
    await page.getByText('No mail yet.').waitFor();
    const id = newId('mal');
    expect(await send('acme', id, 'ana.owner@people.example')).toMatchObject({ outcome: 'sent' });
    await send('acme', id, 'ana.owner@people.example'); // a repeated send
    await send('beta', newId('mal'), 'ben.owner@people.example');

    await page
      .getByRole('link', { name: /please sign in again/ })
      .last()
      .waitFor();
    const mails = page.getByRole('list', { name: 'Mails, newest first' }).getByRole('listitem');
    await expect.poll(() => mails.count()).toBe(2);
    await page.getByRole('listitem').filter({ hasText: 'ana.owner' }).getByRole('link').click();
    const mail = page.frameLocator('iframe[title="The mail"]');
    const button = mail.getByRole('link', { name: 'Sign in again', exact: true });
    expect(await button.getAttribute('href')).toBe(link);
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('allow-popups allow-popups-to-escape-sandbox');
    await page.getByRole('button', { name: 'Plain text', exact: true }).click();
    await page.getByText('Acme Ltd has lost its connection').waitFor();
    await page.getByText('Header fields').click();
    await page.getByText('List-Unsubscribe=One-Click').waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps them sealed, and shows them to a key with every right alone', async () => {
    const sql = postgres(stage.databaseUrl, { max: 1 });
    const rows = await sql<{ jwe: string }[]>`select * from kept_mails`;
    await sql.end();
    expect(JSON.stringify(rows)).not.toContain(link);
    expect(rows).toHaveLength(2);

    const own = await api.caller({ tenantId: 'beta' });
    const some = await api.caller({ scopes: ['admin', 'channels:read'] });
    const { json } = await own('GET', '/v1/outbox');
    expect(json.data).toMatchObject([{ tenant: 'beta', to: { email: 'ben.owner@people.example' } }]);
    expect((await own('GET', `/v1/outbox/${ids[0]}`)).status).toBe(404);
    expect((await own('GET', `/v1/outbox/${json.data[0].id}`)).json.html).toContain(link);
    expect((await some('GET', '/v1/outbox')).json.code).toBe('scope_missing');
    expect((await api.call('GET', '/v1/outbox?tenant=acme')).json.data).toHaveLength(1);
    const first = await api.call('GET', '/v1/outbox?limit=1');
    const second = await api.call('GET', `/v1/outbox?limit=1&after=${first.json.next}`);
    expect([...first.json.data, ...second.json.data].map(({ tenant }) => tenant)).toEqual(['beta', 'acme']);
    expect(second.json.next).toBeNull();
  });

  it('asks before it ends mails: opening the address sends nothing, in the browser’s language', async () => {
    const titles = {
      'de-AT': 'Diese E-Mails abbestellen?',
      fr: 'Ne plus recevoir ces messages ?',
      ja: 'このメールを停止しますか',
    };
    for (const [locale, title] of Object.entries(titles)) {
      const visit = await openPage(browser, { locale });
      const sent: string[] = [];
      visit.page.on('request', (request) => {
        if (request.method() !== 'GET') sent.push(`${request.method()} ${new URL(request.url()).pathname}`);
      });
      await visit.page.goto(`${api.url}/unsubscribe/uns_nothing`);
      await visit.page.getByRole('heading', { name: title, exact: true }).waitFor();
      expect(await visit.page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
      expect(sent).toEqual([]);
      await visit.page.getByRole('button').click();
      await visit.page.getByRole('status').waitFor(); // no mail has this address
      expect(sent).toEqual(['POST /unsubscribe/uns_nothing']);
      await visit.page.close();
    }
  });

  it('fits a phone and a desktop, in light and in dark', async () => {
    expect(
      await faultsOnEveryScreen(page, [
        `${api.url}/outbox`,
        `${api.url}/outbox/${ids[0]}`,
        `${api.url}/unsubscribe/uns_nothing`,
      ]),
    ).toEqual([]);
  });
});
