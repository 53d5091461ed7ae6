import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { seriousFaults } from './accessibility.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { overflowOf } from './pages.ts';

const EMAIL = 'tess@acme.example';

/** A provider with several places to sign in: the page asks for no more than most people need. */
describe.skipIf(!chromiumInstalled)('a person whose organization is elsewhere', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page } = await openPage(browser));
    await mooring.sandbox.account('salesforce', EMAIL, { instance: 'acme' });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  const button = (name: string) => page.getByRole('button', { name, exact: true });

  it('enters the address of the organization, which is refused if it is another’s, and signs in there', async () => {
    const body = { tenant: 'acme', access_types: ['salesforce'] };
    const { id, url } = await mooring.call<{ id: string; url: string }>('POST', '/v1/links', body);
    await page.goto(url);
    const place = page.getByRole('combobox', { name: 'Where you sign in', exact: true });
    await button('Continue with Salesforce').waitFor();
    expect(await place.isVisible()).toBe(false);
    await page.getByText('Production, or an organization for developers').first().click();
    await place.selectOption({ label: 'An address of your organization’s own (My Domain)' });
    expect(await button('Continue with Salesforce').isDisabled()).toBe(true);
    const address = page.getByRole('textbox', { name: 'Address of your organization', exact: true });
    await address.fill('login.salesforce.com.evil.example');
    await button('Continue with Salesforce').click();
    await page.getByText(/^This is no address to sign in at/).waitFor();
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await overflowOf(page)).toBe(0);
    expect(await seriousFaults(page)).toEqual([]);
    await address.fill('acme');
    await button('Continue with Salesforce').click();
    await page.waitForURL(/\/salesforce\/acme\/services\/oauth2\/authorize/);
    await page.getByRole('listitem').filter({ hasText: EMAIL }).getByRole('button').click();
    await button('Allow').click();
    await page.waitForURL(({ href }) => href.startsWith(url));
    const { result } = await mooring.call<{ result: object }>('GET', `/v1/links/${id}`);
    expect(result).toMatchObject({ status: 'connected' });
  });
});
