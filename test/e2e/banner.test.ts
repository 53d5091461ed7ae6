import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeBannerToken } from '../../api/banner/banner-token.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { seriousFaults } from './accessibility.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { overflowOf, signInAtGoogle } from './pages.ts';

const ANA = 'ana@example.com';
const BEN = 'ben@example.com';
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** A sign-in goes through three servers and two windows. */
const PATIENT = { timeout: 30_000 };

/** What a page of the product says in `window.heard`. */
interface Heard {
  name: string;
  detail: unknown;
}

let raised: RaisedApi;
let browser: Browser;
let product: Site;
let hostile: Site;
let channel: string;

beforeAll(async () => {
  if (!chromiumInstalled) return;
  [raised, browser, product, hostile] = await Promise.all([raiseApi(), launchBrowser(), startSite(), startSite()]);
  const { stage, api } = raised;
  for (const email of [ANA, BEN]) await stage.sandbox.account('google', email, { password: secret('password') });
  channel = channelOf(await connectGmail(stage, ANA, { spec: { owner: { email: ANA, name: 'Ana' } } }));
  await api.call('PUT', '/v1/tenants/acme/policy', { banner_origins: [product.origin] });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await Promise.all([raised?.close(), product?.close(), hostile?.close()]);
});

/** A site at an origin of its own, whose content security policy lets in nothing but what Mooring needs. */
async function startSite() {
  const server: Server = createServer((request, response) => {
    const { url } = raised.api;
    const [, token = ''] = /[?&]token=([\w-]+)/.exec(request.url ?? '') ?? [];
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader(
      'content-security-policy',
      `default-src 'none'; img-src ${url} 'self'; script-src 'nonce-own' ${url}; connect-src ${url}; require-trusted-types-for 'script'`,
    );
    response.end(`<!doctype html><html lang="en"><head><title>Helpdesk</title>
      <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
      <script nonce="own">
        window.heard = [];
        const hear = (name) => ({ detail }) => window.heard.push({ name, detail });
        for (const name of ['mooring-success', 'mooring-exit', 'mooring-token-refused'])
          document.addEventListener(name, hear(name));
        window.addEventListener('message', ({ data }) => window.heard.push({ name: 'message', detail: data }));
      </script>
      <script src="${url}/mooring.js" async></script></head>
      <body><main><h1>Helpdesk</h1><mooring-banner token="${token}"></mooring-banner><p>Tickets</p></main></body></html>`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
type Site = Awaited<ReturnType<typeof startSite>>;

const breakChannel = () =>
  raised.sql`update channels set status = 'reauth_required', status_reason = 'access_revoked', action = 'reauthorize', status_since = now() where id = ${channel}`;
const bannerToken = async () => (await raised.api.call('POST', '/v1/banner-tokens', { tenant: 'acme' })).json.token;
const connectLink = async (more: object = {}) =>
  (
    await raised.api.call('POST', '/v1/links', {
      tenant: 'acme',
      access_types: ['gmail'],
      origin: product.origin,
      ...more,
    })
  ).json.url;
const heardBy = (page: Page) => page.evaluate<Heard[]>('window.heard');
const banner = (page: Page) => page.locator('mooring-banner');
const signIn = (page: Page) => page.getByRole('button', { name: `Sign in again as ${ANA}`, exact: true });

/** To be looked at. */
async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

async function visit(site: Site, options: BrowserContextOptions = {}, token?: string) {
  const opened = await openPage(browser, options);
  await opened.page.goto(`${site.origin}/?token=${token ?? (await bannerToken())}`);
  await opened.page.waitForFunction('window.mooring !== undefined');
  return opened;
}

/** Opens a link from a click, as browsers want it, and says what it told the page. */
async function openLink(page: Page, url: string): Promise<Page> {
  await page.evaluate((link) => {
    const heard = (window as unknown as { heard: Heard[] }).heard;
    const tell = (name: string) => (detail: unknown) => void heard.push({ name, detail });
    const button = Object.assign(document.createElement('button'), { textContent: 'Connect' });
    button.addEventListener('click', () =>
      (window as unknown as { mooring: { open: (url: string, callbacks: object) => void } }).mooring.open(link, {
        onSuccess: tell('success'),
        onExit: tell('exit'),
      }),
    );
    document.body.append(button);
  }, url);
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Connect', exact: true }).last().click(),
  ]);
  return popup;
}

async function chooseGmail(page: Page, email: string): Promise<void> {
  await page
    .getByRole('button', { name: /^(Continue with|Sign in as|Try again)/ })
    .first()
    .click();
  await signInAtGoogle(page, email);
}

describe.skipIf(!chromiumInstalled)('the banner in a product’s page', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    await breakChannel();
  });

  it.each([
    ['desktop', { viewport: { width: 1440, height: 900 } }],
    ['phone', PHONE],
  ])('shows nothing while all is well, else who, why and a button: %s', async (name, options) => {
    await raised.sql`update channels set status = 'connected', action = 'none', status_reason = null where id = ${channel}`;
    const { page, complaints } = await visit(product, options);
    expect(await banner(page).evaluate((element) => element.hasAttribute('data-shown'))).toBe(false);
    const before = await page.getByText('Tickets').boundingBox();
    await breakChannel();
    await banner(page).evaluate((element) => (element as unknown as { refresh(): Promise<void> }).refresh());
    await page.getByRole('region', { name: 'Accounts that need you' }).getByText(ANA, { exact: true }).waitFor();
    await page.getByText('Ana has to sign in again.').waitFor();
    const box = await signIn(page).boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    expect(before?.y).toBeLessThan((await page.getByText('Tickets').boundingBox())?.y ?? 0);
    expect(await overflowOf(page)).toBe(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousFaults(page)).toEqual([]);
      await keepScreenshot(page, `banner, ${name}, ${colorScheme}`);
    }
    // Nothing of it is stored in the page's browser, and nothing was refused by its policy.
    expect(await page.context().cookies()).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('leads through a popup to the sign-in, hears of it, and is gone', async () => {
    const { page, complaints } = await visit(product);
    const [popup] = await Promise.all([page.waitForEvent('popup'), signIn(page).click()]);
    await chooseGmail(popup, BEN);
    await popup.getByText(BEN).first().waitFor();
    expect((await heardBy(page)).filter(({ name }) => name !== 'message')).toEqual([]);
    await chooseGmail(popup, ANA);
    await expect.poll(() => heardBy(page), PATIENT).toContainEqual({ name: 'mooring-success', detail: { channel } });
    await banner(page).getByRole('region').waitFor({ state: 'detached' });
    await popup.getByRole('button', { name: 'Close this window', exact: true }).waitFor();
    expect(await seriousFaults(popup)).toEqual([]);
    await keepScreenshot(popup, 'popup, connected');
    await popup.getByRole('button', { name: 'Close this window', exact: true }).click();
    await expect.poll(() => popup.isClosed(), PATIENT).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('tells the page that its token has expired', async () => {
    const expiresAt = new Date(Date.now() - 1_000);
    const claims = { tenantId: 'acme', ownerEmail: null, channelId: null, expiresAt };
    const { page } = await visit(product, {}, makeBannerToken(raised.api.context, claims));
    await expect.poll(() => heardBy(page), PATIENT).toEqual([{ name: 'mooring-token-refused', detail: {} }]);
    await page.context().close();
  });

  it('leads on a phone from the page itself to the sign-in and back', async () => {
    const { page } = await visit(product, PHONE);
    const left = page.url();
    await signIn(page).click();
    await page.waitForURL(/\/connect\//);
    await chooseGmail(page, ANA);
    await page.getByRole('link', { name: `Back to ${new URL(product.origin).host}`, exact: true }).click();
    await page.waitForURL(left);
    await page.context().close();
  });
});

describe.skipIf(!chromiumInstalled)('mooring.open', { timeout: 120_000 }, () => {
  it('tells the page of a connection, and of a window that was closed before', async () => {
    const { page } = await visit(product);
    const closed = await openLink(page, await connectLink());
    await closed.getByRole('heading', { name: 'Connect your account' }).waitFor();
    await closed.close();
    await expect.poll(() => heardBy(page), PATIENT).toContainEqual({ name: 'exit', detail: { code: null } });
    const popup = await openLink(page, await connectLink({ return_to: `${product.origin}/done` }));
    await chooseGmail(popup, BEN);
    await expect
      .poll(() => heardBy(page), PATIENT)
      .toContainEqual({ name: 'success', detail: { channel: expect.stringMatching(/^chn_/) } });
    // It has told the page that opened it, so it need not go where a window without one would.
    await popup.getByRole('button', { name: 'Close this window', exact: true }).waitFor();
    await page.context().close();
  });

  it('hears of the result also where the provider’s page parts the two windows', async () => {
    const { page } = await visit(product);
    await page.context().route(/\/o\/oauth2\/|\/signin|\/consent/, async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const headers = { ...response.headers(), 'cross-origin-opener-policy': 'same-origin' };
      await route.fulfill({ response, headers });
    });
    const popup = await openLink(page, await connectLink());
    await chooseGmail(popup, BEN);
    await expect
      .poll(() => heardBy(page), PATIENT)
      .toContainEqual({ name: 'success', detail: { channel: expect.stringMatching(/^chn_/) } });
    expect(await popup.evaluate('window.opener === null')).toBe(true);
    await page.context().close();
  });

  it('goes to `return_to` with the outcome where no page opened the window', async () => {
    const { page } = await openPage(browser, PHONE);
    await page.goto(await connectLink({ return_to: `${product.origin}/done` }));
    await chooseGmail(page, BEN);
    await page.waitForURL(/\/done\?/);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      status: 'connected',
      channel: expect.stringMatching(/^chn_/),
    });
    await page.context().close();
  });
});

describe.skipIf(!chromiumInstalled)('a hostile page', { timeout: 120_000 }, () => {
  it('reads no tenant’s state, not even with its token, and hears of no sign-in', async () => {
    await breakChannel();
    const { page } = await visit(hostile);
    const url = `${raised.api.url}/banner/state`;
    const read = (headers: Record<string, string>) =>
      page.evaluate(
        ([url, headers]) =>
          fetch(url, { headers }).then(
            (response) => response.text(),
            () => 'refused',
          ),
        [url, headers] as const,
      );
    expect(await read({ authorization: `Bearer ${await bannerToken()}` })).toBe('refused');
    expect(await read({})).toBe('refused');
    expect(await banner(page).evaluate((element) => element.hasAttribute('data-shown'))).toBe(false);
    const link = await connectLink();
    const popup = await openLink(page, link);
    await chooseGmail(popup, BEN);
    await popup.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    const session = `${link}/session`;
    expect(
      await page.evaluate(
        (url) =>
          fetch(url).then(
            () => 'read',
            () => 'refused',
          ),
        session,
      ),
    ).toBe('refused');
    await popup.close();
    await expect.poll(() => heardBy(page), PATIENT).toEqual([{ name: 'exit', detail: { code: null } }]);
    // Nor does it get a window of Mooring's into a frame.
    const isFramed = await page.evaluate(async (url) => {
      const frame = Object.assign(document.createElement('iframe'), { src: url });
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return frame.contentDocument !== null && frame.contentDocument.body.textContent !== '';
    }, link);
    expect(isFramed).toBe(false);
    await page.context().close();
  });
});
