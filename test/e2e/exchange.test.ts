import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secret } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsHere, overflowOf, tabTo } from './pages.ts';

const EMAIL = 'cora@contoso.example';
const PASSWORD = secret('exchange-password');

interface Channel {
  account: { email: string };
  status: string;
  server: object;
}

describe.skipIf(!chromiumInstalled)('a person at an Exchange server behind a proxy', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page, complaints } = await openPage(browser, { viewport: { width: 390, height: 844 } }));
    await mooring.sandbox.call('PUT', `/control/accounts/exchange/${EMAIL}`, { password: PASSWORD });
    await mooring.sandbox.fault('exchange', EMAIL, 'proxy_ends_tls');
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const basic = () => button('Try again with Basic');

  it('is offered Basic where NTLM is refused, and connects with one click', async () => {
    const links = await mooring.call<{ url: string }>('POST', '/v1/links', {
      tenant: 'acme',
      access_types: ['exchange'],
    });
    await page.goto(links.url);
    await page.getByRole('textbox', { name: 'Email or user name', exact: true }).fill(EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    expect(await basic().count()).toBe(0);
    await button('Connect').click();
    await page.getByText('Is the password right?', { exact: true }).waitFor();
    const folder = process.env['SCREENSHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/exchange-basic.png`, fullPage: true });
    expect(await faultsHere(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    // The password is not gone: it stands in the form, and the choice is reached by the keyboard.
    await tabTo(basic());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    const { data } = await mooring.call<{ data: Channel[] }>('GET', '/v1/channels');
    const channel = data.find(({ account }) => account.email === EMAIL);
    expect(channel).toMatchObject({ status: 'connected', server: { kind: 'ews', authentication: 'basic' } });
    expect(complaints.filter((complaint) => !complaint.includes('422'))).toEqual([]);
  });
});
