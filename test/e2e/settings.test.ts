import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsHere, faultsOnEveryScreen, tabTo } from './pages.ts';

const POLICY = '/v1/tenants/acme/policy';

/**
 * What a product's team sets for a tenant and for its pages, over a real API. A test may take longer than any of its waits:
 * the wait that fails says where it stopped.
 */
describe.skipIf(!chromiumInstalled)('the settings in the web UI', { timeout: 240_000 }, () => {
  let stage: Stage;
  let api: Api;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [stage, browser] = await Promise.all([raiseStage(), launchBrowser()]);
    api = await startApi(stage.context);
    for (const tenant of ['acme', 'globex']) await api.call('POST', '/v1/links', { tenant });
    ({ page, complaints } = await openPage(browser));
    await page.goto(`${api.url}${api.loginPath}`, { waitUntil: 'commit' });
    await page.goto(`${api.url}/settings`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await stage?.close();
  });

  const field = (name: string | RegExp) => page.getByRole('textbox', { name });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const said = (text: string | RegExp) => page.getByText(text);
  const policy = async () => (await api.call('GET', POLICY)).json;
  const happens = () => page.getByRole('complementary', { name: 'What happens' }).innerText();

  /** The words that stand at a field: the error, not the description alone. */
  async function besideOf(target: ReturnType<typeof field>): Promise<string> {
    const ids = ((await target.getAttribute('aria-describedby')) ?? '').split(' ').filter(Boolean);
    return (await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).innerText()))).join(' ');
  }

  it('sets whom a tenant’s mails go to, when, and in which language; says in words what that does', async () => {
    await page.getByRole('link', { name: 'globex', exact: true }).waitFor();
    await page.getByRole('link', { name: 'acme', exact: true }).click();
    await page.getByRole('heading', { name: 'Who is told', exact: true }).waitFor();
    expect(await happens()).toContain('They are reminded after 1, 3 and 7 days, then every 7 days');

    await page.getByRole('group', { name: 'Of individual channels' }).getByLabel('The owner and the admins').check();
    await button('Add an admin').click();
    await page.keyboard.type('ada@example.com'); // the cursor is there already
    await field(/^Name$/).fill('Ada');
    await page.getByRole('combobox', { name: 'Language', exact: true }).selectOption('ja');
    await page.getByRole('combobox', { name: 'Time zone', exact: true }).fill('Asia/Tokyo');
    await field(/^Remind after/).fill('0.5, 2');
    await field(/^Then every/).fill('');
    await field(/^Admins join/).fill('1');
    await page.getByRole('checkbox', { name: 'Quiet hours', exact: true }).check();
    await page.getByLabel('From', { exact: true }).fill('21:30');
    await page.getByRole('combobox', { name: 'Time zone', exact: true }).last().fill('Europe/Berlin');
    await page.getByRole('checkbox', { name: /^Join several/ }).uncheck();
    await field('Display name').fill('Acme Ltd');
    await page.getByRole('combobox', { name: 'Language of mails' }).selectOption('de');
    await page.getByRole('checkbox', { name: /^All kinds/ }).uncheck();
    await page.getByRole('checkbox', { name: 'IMAP', exact: false }).first().uncheck();
    await page.getByRole('checkbox', { name: /^Keep them until/ }).check();
    await field('Origins of the banner').fill('https://app.example.com\nhttps://eu.example.com');
    expect(await happens()).toContain('its owner and 1 admin get a mail at once');
    await button('Save').click();
    await said('Everything is saved').waitFor();

    const stored = await policy();
    expect(stored).toMatchObject({
      display_name: 'Acme Ltd',
      notify: { individual: 'both', shared: 'admins' },
      admins: [{ email: 'ada@example.com', name: 'Ada', locale: 'ja', time_zone: 'Asia/Tokyo' }],
      reminders_days: [0.5, 2],
      reminder_repeat_days: null,
      admins_join_after_days: 1,
      quiet_hours: { from: '21:30', to: '07:00', time_zone: 'Europe/Berlin' },
      quiet_first: false,
      digest: false,
      locale: 'de',
      retention_days: null,
      banner_origins: ['https://app.example.com', 'https://eu.example.com'],
    });
    expect(stored.access_types).toContain('gmail');
    expect(stored.access_types).not.toContain('imap');
  });

  it('says beside each field what is wrong, moves the cursor there, and saves by the keyboard alone', async () => {
    await tabTo(field('Email'));
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('ada');
    await field(/^Remind after/).fill('3, 1');
    await page.keyboard.press('Enter');
    await said('2 fields to correct').waitFor();
    expect(await field('Email').evaluate((input) => input === document.activeElement)).toBe(true);
    expect(await besideOf(field('Email'))).toContain('Enter an email address');
    expect(await besideOf(field(/^Remind after/))).toContain('Each step must be later than the one before');
    await page.keyboard.type('@example.com');
    await tabTo(field(/^Remind after/));
    await page.keyboard.type('1, 3');
    await page.keyboard.press('Enter');
    await said('Everything is saved').waitFor();
    expect(await policy()).toMatchObject({ admins: [{ email: 'ada@example.com' }], reminders_days: [1, 3] });
  });

  it('loses nothing when a save fails, when the page is loaded again, or when it is left', async () => {
    await field('Display name').fill('Acme GmbH');
    await page.route(`**${POLICY}`, (route) =>
      route.request().method() === 'PUT' ? route.fulfill({ status: 503, body: 'no' }) : route.continue(),
    );
    await button('Save').click();
    await said('Nothing was saved; your changes are still here.').waitFor();
    await page.unroute(`**${POLICY}`);

    page.once('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await said('Your unsaved changes from before are back').waitFor();
    expect(await field('Display name').inputValue()).toBe('Acme GmbH');

    await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await button('Stay here').click();
    expect(await field('Display name').inputValue()).toBe('Acme GmbH');
    await api.call('PUT', POLICY, { ...(await policy()), digest: true });
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
    await button('Leave and lose them').click();
    await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor();
    await page.goBack();
    await said('Everything is saved').waitFor();
    expect(await field('Display name').inputValue()).toBe('Acme Ltd');
  });

  it('opens a tenant before its first channel, and finds one by a part of its id', async () => {
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Tenant' }).fill('glob');
    await page.getByRole('link', { name: 'acme', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('searchbox', { name: 'Tenant' }).fill('initech');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'initech', exact: true }).waitFor();
    await field('Display name').fill('Initech');
    await button('Save').click();
    await said('Everything is saved').waitFor();
    expect((await api.call('GET', '/v1/tenants/initech/policy')).json.display_name).toBe('Initech');
  });

  it('shows the mail in the branding that is being typed, and says why a logo cannot be shown', async () => {
    await page.getByRole('link', { name: 'Branding', exact: true }).click();
    await field('Name of the product').fill('Example Desk');
    const connectPage = page.frameLocator('iframe[title="The connect page"]');
    await connectPage.getByText('Example Desk').first().waitFor();
    await connectPage.getByRole('heading', { name: 'Sign in again as ana@example.com' }).waitFor();
    await page.getByRole('combobox', { name: 'Language', exact: true }).selectOption('fr');
    await connectPage.locator('html[lang="fr"] main').waitFor();
    expect(await page.title()).toBe('Branding – Mooring');
    await button('Mail').click();
    const mail = page.frameLocator('iframe[title="The mail"]');
    await mail.getByText('Example Desk').first().waitFor();
    await page.getByRole('combobox', { name: 'Mail', exact: true }).selectOption('recovered');
    await page.getByRole('combobox', { name: 'Language', exact: true }).selectOption('de');
    await mail.locator('html[lang="de"]').waitFor();
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('text');
    expect(await page.locator('.mail-text').innerText()).toContain('ana@example.com');

    await field('Address of the logo').fill(`${api.url}/healthz`);
    await said(/^Mooring cannot load an image from here/).waitFor();
    await field('Address of the logo').fill('');
    await field(/^Accent colour/).fill('red');
    await button('Save').click();
    expect(await besideOf(field(/^Accent colour/))).toContain('Enter a colour as #');
    await field(/^Accent colour/).fill('#7a1fa2');
    await field('Support by email').fill('help@example.com');
    await button('Save').click();
    await said('Everything is saved').waitFor();
    expect((await api.call('GET', '/v1/branding')).json).toMatchObject({
      name: 'Example Desk',
      accent_color: '#7a1fa2',
      support_email: 'help@example.com',
      logo_url: null,
    });
  });

  it('says on the link that mail will be sent, what is wrong with the server for it, and on the channel what it is for', async () => {
    const email = 'sends@example.com';
    const password = secret('password');
    await stage.sandbox.account('imap', email, { password });
    const { json } = await api.call('POST', '/v1/links', {
      tenant: 'sender', // no policy keeps it from IMAP
      access_types: ['imap'],
      uses: ['read', 'send'],
    });
    await page.goto(json.url);
    await said('sender can then read the messages and send mail in your name.').waitFor();
    await field(/^Email or user name$/).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.locator('summary').filter({ hasText: 'SMTP server' }).click();
    const server = field(/^SMTP server$/);
    await server.fill('no-such-host.invalid');
    await button('Connect').click();
    const wrong = said(/^Server for sending: /);
    await wrong.waitFor();
    expect(await wrong.innerText()).toContain('There is no mail server with this name');
    expect(await server.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await faultsHere(page)).toEqual([]);
    await server.fill('');
    await button('Try again').click();
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    const { json: channels } = await api.call('GET', '/v1/channels?tenant=sender');
    const { id } = (channels.data as { id: string; account: { email: string } }[]).find(
      ({ account }) => account.email === email,
    ) ?? { id: '' };
    await page.goto(`${api.url}/channels/${id}`);
    await page.getByText('reading mail and sending mail', { exact: true }).waitFor();
    await said(/^sent by 127\.0\.0\.1:\d+$/).waitFor();
  });

  it('says by name what is wrong with a webhook’s address and tenant, and which endpoint has the address already', async () => {
    const url = 'http://127.0.0.1:9/hook';
    const { json: endpoint } = await api.call('POST', '/v1/webhook-endpoints', { url, tenant: 'acme' });
    await page.goto(`${api.url}/webhooks`);
    await page.getByText('Every event, of every tenant', { exact: true }).click();
    const alert = page.getByRole('form', { name: 'Add an endpoint' }).getByRole('alert');
    const refused = async (address: string, tenant: string, words: string) => {
      await field('Address of the endpoint').fill(address);
      await field('Tenant').fill(tenant);
      await button('Add endpoint').click();
      await alert.getByText(words).waitFor();
    };
    await refused('https://10.0.0.1/', 'acme', 'Address: expected a public https: address');
    await refused(url, 'a/b', 'Tenant: expected text without control characters and slashes.');
    await refused(url, 'acme', `The endpoint ${endpoint.id} has this address`);
    expect(await alert.innerText()).not.toMatch(/Invalid|Too (small|big)|string/);
  });

  it('reads well at every width and in both schemes', async () => {
    const places = ['/embed', '/settings', '/settings/branding', '/settings/tenants/acme'];
    expect(
      await faultsOnEveryScreen(
        page,
        places.map((place) => `${api.url}${place}`),
      ),
    ).toEqual([]);
    expect(complaints.filter((complaint) => !complaint.includes('status of 503'))).toEqual([]); // ours, above
  });
});
