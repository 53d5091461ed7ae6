import postgres from 'postgres';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { secret as mint } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { expectEverywhere, faultsHere, signInAtGoogle, tabTo } from './pages.ts';

const ANA = 'ana@example.com';
const TOM = 'tom@example.com';
const PASSWORD = mint('password');
const MAIL = 30;

interface Channel {
  id: string;
  access_type: string;
  previous_access: { access_type: string } | null;
}

const wordsOf = async (page: Page) => (await page.getByRole('main').innerText()).replaceAll(/\s+/g, ' ');
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });

/** A mailbox that is reached in another way from now on, seen by the product's team and by the mailbox's owner. */
describe.skipIf(!chromiumInstalled)('a change of access in the browser', { timeout: 240_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let team: Page;
  let complaints: string[];
  let ana: Page;
  let sql: postgres.Sql;
  let id = '';

  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page: team, complaints } = await openPage(browser, { permissions: ['clipboard-read', 'clipboard-write'] }));
    ({ page: ana } = await openPage(browser));
    sql = postgres(mooring.run.database_url ?? '', { max: 1, onnotice: () => {} });
    const { sandbox } = mooring;
    await sandbox.call('PUT', `/control/accounts/imap/${ANA}`, { password: PASSWORD });
    id = await adopt(ANA);
    await sandbox.deliver('imap', ANA, MAIL);
    await vi.waitUntil(async () => (await stored()) === MAIL, { timeout: 60_000, interval: 500 });
    for (const email of [ANA, TOM]) await sandbox.call('PUT', `/control/accounts/google/${email}`, {});
    const copy = { copy_from: 'imap', reencode: true };
    await sandbox.call('POST', `/control/accounts/google/${ANA}/messages`, copy);
    await mooring.call('PUT', '/v1/tenants/acme/policy', { access_types: ['gmail', 'imap', 'exchange'] });
    await team.goto(mooring.run.ui_login, { waitUntil: 'commit' });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await sql?.end();
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  const channel = () => mooring.call<Channel>('GET', `/v1/channels/${id}`);
  const stored = async () =>
    (await mooring.call<{ data: unknown[] }>('GET', `/v1/messages?channel=${id}&limit=200`)).data.length;
  const linkTo = async (body: object) =>
    (await mooring.call<{ url: string }>('POST', `/v1/channels/${id}/reauthorize-links`, body)).url;
  async function adopt(email: string): Promise<string> {
    const { host = '', port = 0, security = 'tls' } = mooring.run.sandbox?.imap ?? {};
    const credential = { username: email, password: PASSWORD, host, port, security };
    const body = { tenant: 'acme', access_type: 'imap', account: { email }, credential };
    return (await mooring.call<Channel>('POST', '/v1/channels', body)).id;
  }

  it('is begun on the channel’s page: the ways that the policy allows, and a link to copy, to send or to follow', async () => {
    await team.goto(`${mooring.run.ui}/channels/${id}`);
    await tabTo(button(team, 'Change access'));
    await team.keyboard.press('Enter');
    const dialog = team.getByRole('dialog', { name: `Change how ${ANA} is reached` });
    const way = (name: string) => dialog.getByRole('checkbox', { name, exact: true });
    await way('Gmail').waitFor();
    await dialog.getByText('Not allowed by the policy of acme').waitFor();
    expect(await way('Gmail').isChecked()).toBe(true);
    expect(await way('IMAP').isChecked()).toBe(false);
    expect(await way('Microsoft 365').isDisabled()).toBe(true);
    expect(await way('Salesforce').count()).toBe(0);
    expect(await faultsHere(team)).toEqual([]);

    await button(team, 'Make a link to send').click();
    const copy = button(team, /^Copy link to change the access/);
    await copy.click();
    const url = await team.evaluate(() => navigator.clipboard.readText());
    expect(await team.getByRole('link', { name: 'Write the mail' }).getAttribute('href')).toContain(
      encodeURIComponent(url),
    );
    expect(await faultsHere(team)).toEqual([]);
    await ana.goto(url);
    await heading(ana, `Change how we reach ${ANA}`).waitFor();
    expect(await ana.getByRole('listitem').getByRole('button').allInnerTexts()).toEqual([
      expect.stringContaining('Gmail'),
      expect.stringContaining('Exchange'),
    ]);
  });

  it('says how the account is reached, and what will happen, in the reader’s language', async () => {
    const url = await linkTo({ purpose: 'change_access' });
    await ana.goto(url);
    await heading(ana, 'How should it be reached from now on?').waitFor();
    const words = await wordsOf(ana);
    expect(words).toContain('acme reaches this account by IMAP.');
    expect(words).toContain('The account stays with acme, with its history and settings.');
    expect(words).not.toContain('Microsoft 365');
    expect(await faultsHere(ana)).toEqual([]);
    await expectEverywhere(
      browser,
      url,
      { de: `Zugang ändern: ${ANA}`, ja: `接続方法の変更： ${ANA}`, fr: `Changer le mode d’accès : ${ANA}` },
      async (opened) => {
        await opened.getByRole('button', { name: /^Gmail/ }).click();
        await opened.getByRole('list').getByRole('listitem').nth(4).waitFor();
      },
    );
  });

  it('refuses another account by both names, changes nothing, and goes on at the same choice', async () => {
    await ana.goto(await linkTo({ purpose: 'change_access' }));
    await tabTo(button(ana, /^Gmail/));
    await ana.keyboard.press('Enter');
    expect(await wordsOf(ana)).toContain('It is checked that this is the same account.');
    expect(await wordsOf(ana)).toContain('For an hour, acme can go back to the old access');
    expect(await faultsHere(ana)).toEqual([]);
    await button(ana, 'Continue with Google').click();
    await signInAtGoogle(ana, TOM);
    await ana.getByText('That was a different account', { exact: true }).waitFor();
    const words = await wordsOf(ana);
    for (const said of [TOM, ANA, 'Nothing was changed.', 'The access can be changed for the same account only.'])
      expect(words).toContain(said);
    // The server of the former access says nothing at Google.
    expect(words).not.toContain('127.0.0.1');
    expect(await faultsHere(ana)).toEqual([]);
    expect(await channel()).toMatchObject({ access_type: 'imap', previous_access: null });

    await button(ana, `Sign in as ${ANA}`).click();
    await signInAtGoogle(ana, ANA);
    await heading(ana, 'Access changed').waitFor();
    await ana.getByText('Compared with the mailbox: nothing is missing.').waitFor({ timeout: 60_000 });
    const done = await wordsOf(ana);
    expect(done).toContain(`acme now reaches ${ANA} by Gmail.`);
    expect(done).toMatch(/\d+ messages? (was|were) there before; (it did not come|none came) twice/);
    expect(done).not.toContain('missed message');
    expect(await faultsHere(ana)).toEqual([]);
    expect(await stored()).toBe(MAIL);
    // A used link tells the same again.
    await ana.reload();
    await heading(ana, 'Access changed').waitFor();
  });

  it('is on the channel’s page: the timeline, the receipt, and the way back as a button with the time left', async () => {
    await team.goto(`${mooring.run.ui}/channels/${id}`);
    const region = (name: string) => team.getByRole('region', { name, exact: true });
    await region('Timeline').getByText('Moved from IMAP to Gmail; history kept.').waitFor();
    const receipt = team.getByRole('article', { name: 'Import: After the access changed' });
    await receipt.getByText('Nothing is missing and nothing came twice').waitFor();
    await region('Way back')
      .getByText(/ends in \d+ min/)
      .waitFor();
    expect(await faultsHere(team)).toEqual([]);

    await tabTo(button(team, 'Back to IMAP'));
    await team.keyboard.press('Enter');
    const dialog = team.getByRole('dialog', { name: 'Back to IMAP?' });
    await dialog.getByText('there is no way back to it').waitFor();
    expect(await faultsHere(team)).toEqual([]);
    await dialog.getByRole('button', { name: 'Keep Gmail', exact: true }).click();
    expect((await channel()).access_type).toBe('gmail');
    await region('Way back').getByRole('button').click();
    await dialog.getByRole('button', { name: 'Back to IMAP', exact: true }).click();
    await region('Timeline').getByText('Went back from Gmail to IMAP; history kept.').waitFor();
    await expect.poll(() => region('Way back').count()).toBe(0);
    expect(await channel()).toMatchObject({ access_type: 'imap', previous_access: null });
    await expect.poll(stored).toBe(MAIL);
  });

  it('is a second choice on a page to sign in again, as far as the policy allows', async () => {
    const url = await linkTo({});
    await ana.goto(url);
    await heading(ana, `Sign in again as ${ANA}`).waitFor();
    await heading(ana, 'Has the account moved?').waitFor();
    expect(await wordsOf(ana)).not.toContain('Microsoft 365');
    expect(await faultsHere(ana)).toEqual([]);
    await button(ana, /^Exchange/).click();
    await heading(ana, `Change how we reach ${ANA}`).waitFor();
    expect(await faultsHere(ana)).toEqual([]);
    // The address alone proves nothing where a password signs in.
    await mooring.sandbox.call('PUT', `/control/accounts/exchange/${ANA}`, { password: PASSWORD });
    await ana.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await ana.getByLabel('Address of the server').fill(mooring.run.sandbox?.exchange?.url ?? '');
    await button(ana, 'Sign in').click();
    await ana.getByText('The messages of this account were not found there.').waitFor();
    expect(await faultsHere(ana)).toEqual([]);
    expect(await channel()).toMatchObject({ access_type: 'imap' });
    await button(ana, 'Sign in as before').click();
    await heading(ana, `Sign in again as ${ANA}`).waitFor();
    // What became of the other choice is no failure of this one.
    expect(await wordsOf(ana)).not.toContain('That was a different account');

    await button(ana, /^Gmail/).click();
    await button(ana, 'Continue with Google').waitFor();
    await mooring.call('PUT', '/v1/tenants/acme/policy', { access_types: ['imap'] });
    await button(ana, 'Continue with Google').click();
    await ana.getByText('This kind of access is not allowed for this account.').waitFor();
    await ana.goto(url);
    await heading(ana, `Sign in again as ${ANA}`).waitFor();
    expect(await heading(ana, 'Has the account moved?').count()).toBe(0);
  });

  it('is over with its link, and says so', async () => {
    await mooring.call('PUT', '/v1/tenants/acme/policy', { access_types: null });
    const url = await linkTo({ purpose: 'change_access', access_types: ['gmail'] });
    await sql`update links set expires_at = now() - interval '1 hour'
      where hash = encode(sha256(${new URL(url).pathname.split('/').at(-1) ?? ''}::bytea), 'hex')`;
    await ana.goto(url);
    await heading(ana, 'This link has expired').waitFor();
    expect(await faultsHere(ana)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
