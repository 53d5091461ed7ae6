import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Browser, Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { maskAddress } from '../../domain/redaction/mask-address.ts';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import { chainOf } from '../support/engine.ts';
import { secret as mint } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { listenForWebhooks } from '../webhooks/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsHere, faultsOnEveryScreen, press, signInAtGoogle, tabTo } from './pages.ts';

const ANA = 'ana@example.com';
const BOB = 'bob@example.com';
const EVA = 'eva@example.org';
const PASSWORD = mint('password');
const WRONG_PASSWORD = mint('password');
/** `MOORING_PICTURE=docs/channel.png` takes it anew. */
const PICTURE = process.env['MOORING_PICTURE'];

interface Channel {
  id: string;
  status: string;
  status_reason: string | null;
  credential_version: number;
  account: { email: string };
}

interface Message {
  message_id: string;
  backfilled: boolean;
}

/** The story that the README tells a newcomer, in a browser, by the names that a screen reader says. */
describe.skipIf(!chromiumInstalled)('a newcomer', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let sandboxPage: Page;
  let hooks: Awaited<ReturnType<typeof listenForWebhooks>>;
  let secret = '';
  let channelId = '';

  beforeAll(async () => {
    [mooring, browser, hooks] = await Promise.all([startMooring(), launchBrowser(), listenForWebhooks()]);
    ({ page, complaints } = await openPage(browser));
    sandboxPage = await page.context().newPage();
    await sandboxPage.goto(mooring.sandbox.page);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await hooks?.close();
    await mooring?.stop();
  }, 120_000);

  const channel = () => mooring.call<Channel>('GET', `/v1/channels/${channelId}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const region = (name: string | RegExp) => page.getByRole('region', { name, exact: true });
  const state = (role: 'alert' | 'status') => page.getByRole(role, { name: 'State of the channel', exact: true });
  const feed = async () =>
    (await mooring.call<{ data: Message[] }>('GET', `/v1/messages?channel=${channelId}&limit=200`)).data;
  const said = () => hooks.received.map(({ body }) => JSON.parse(body) as { type: string; data: { channel: string } });

  it('is asked to sign in, and is by the login link of npm start', async () => {
    await page.goto(mooring.run.ui);
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await page.goto(mooring.run.ui_login);
    await page.getByRole('heading', { name: 'No channels yet', exact: true }).waitFor();
    expect(page.url()).not.toContain('token');
  });

  it('finds demo accounts, and lines to copy with the address and a key of this Mooring', async () => {
    const steps = region('No channels yet');
    await steps.getByText(/gmail-demo@example\.com/).waitFor();
    await sandboxPage.getByRole('cell', { name: 'gmail-demo@example.com', exact: true }).waitFor();
    await steps.getByText('The same by the API', { exact: true }).click();
    await button('Make a key for these lines').click();
    const line = await steps
      .getByRole('button', { name: /^Copy command .*\/v1\/channels .*mk_/ })
      .first()
      .innerText();
    const [, key = ''] = /Bearer (mk_[\w-]+)/.exec(line) ?? [];
    const answer = await fetch(`${mooring.run.api}/v1/channels`, { headers: { authorization: `Bearer ${key}` } });
    expect(await answer.json()).toEqual({ data: [], next: null });
    expect(line).toContain(`curl -s ${mooring.run.ui}/v1/`);
  });

  it('adds a webhook endpoint and copies its secret', async () => {
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
    await page.getByRole('textbox', { name: 'Address of the endpoint', exact: true }).fill(hooks.url);
    await button('Add endpoint').click();
    secret = await page.getByRole('button', { name: /^Copy webhook secret whsec_/ }).innerText();
    await button('I have copied it').click();
    await page.getByRole('region', { name: `Endpoint ${hooks.url}`, exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it('connects a Gmail account, and sees its token’s life and next refresh', async () => {
    await page.getByRole('link', { name: 'Channels', exact: true }).click();
    await button('Connect a channel').click();
    await page.getByRole('radio', { name: /^Gmail/ }).check();
    await button('Continue').click();
    await page.getByRole('heading', { name: 'Connect your account', exact: true }).waitFor();
    await button('Continue with Google').click();
    await signInAtGoogle(page, ANA);

    await page.getByRole('heading', { name: ANA, exact: true }).waitFor();
    await state('status').getByText('Connected', { exact: true }).waitFor();
    channelId = page.url().split('/').at(-1) ?? '';
    const facts = region('Connection');
    await facts.getByText(/^refreshes in \d+ s$/).waitFor();
    await facts.getByText(/^token ends in \d+ s$/).waitFor();
    const life = Number(await facts.getByRole('meter', { name: 'Token life left' }).getAttribute('aria-valuenow'));
    expect(life).toBeGreaterThan(50);
    await facts.getByText('version 1', { exact: true }).waitFor();
  });

  it('sends 25 messages on the sandbox’s page, and sees them arrive', async () => {
    await press(sandboxPage, ANA, 'Send 25', `25 messages were delivered to ${ANA}`);
    await region('Messages 25 stored').waitFor();
  });

  it('sees the token refreshed without loading the page again', async () => {
    await page.evaluate(() => document.body.setAttribute('data-same-page', ''));
    await region('Timeline')
      .getByText(/^Access renewed/)
      .first()
      .waitFor({ timeout: 60_000 });
    await region('Connection')
      .getByText(/^version [2-9]$/)
      .waitFor();
    expect(await page.locator('body[data-same-page]').count()).toBe(1);
  });

  if (PICTURE) {
    it('has an owner, whom the picture shows to be told', async () => {
      await mooring.call('PATCH', `/v1/channels/${channelId}`, { owner: { email: ANA, name: 'Ana Lima' } });
    });
  }

  it('changes the password, and sees within seconds what is broken, why, and what to do', async () => {
    await page.getByRole('link', { name: 'Mooring, all channels', exact: true }).click();
    const row = page.getByRole('row').filter({ hasText: ANA });
    await row.getByText('Connected', { exact: true }).waitFor();
    await press(sandboxPage, ANA, 'Change password', 'change password, done');
    await press(sandboxPage, ANA, 'Send 40', `40 messages were delivered to ${ANA}`);
    const began = Date.now();
    const banner = page.getByRole('alert', { name: 'Channels that need someone', exact: true });
    await banner.waitFor();
    expect(Date.now() - began).toBeLessThan(20_000);
    const words = await banner.innerText();
    expect(words).toContain('One channel needs someone');
    // Until Google tells of the ended sessions too, a person may also have withdrawn the access.
    expect(words).toMatch(/because the password changed\.|ended our access: the password changed, or/);
    expect(words).toContain(`Sign in again as ${ANA} to continue; nothing is lost.`);
    expect(words).toContain(`${PICTURE ? 'Ana Lima' : ANA} must act`);
    await row.getByText('Sign-in needed', { exact: true }).waitFor();
  });

  it('is told by one webhook, signed', async () => {
    await vi.waitFor(() => expect(said().map(({ type }) => type)).toContain('channel.reauth_required'), 60_000);
    const webhook = new Webhook(secret);
    for (const { body, headers } of hooks.received) webhook.verify(body, headers as Record<string, string>);
    expect(said().filter(({ type }) => type === 'channel.reauth_required')).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ channel: channelId }) as unknown }),
    ]);
  });

  if (PICTURE) {
    it('has a picture of it taken for the README', async () => {
      await page.getByRole('link', { name: ANA, exact: true }).first().click();
      await state('alert').waitFor();
      await region('Messages 25 stored').waitFor();
      await page.screenshot({ path: PICTURE, clip: { x: 0, y: 0, width: 1440, height: 768 } });
    });
  }

  it('signs in with another account: refused, both are named, nothing has changed', async () => {
    // Google's security event names the cause soon after the token endpoint has refused.
    await expect.poll(async () => (await channel()).status_reason, { timeout: 40_000 }).toBe('password_changed');
    const before = await channel();
    await button('Reauthorize').click();
    await page.getByRole('heading', { name: `Sign in again as ${ANA}`, exact: true }).waitFor();
    await button('Continue with Google').click();
    await signInAtGoogle(page, BOB);
    await page.getByText('That was a different account', { exact: true }).waitFor();
    const words = (await page.getByRole('alert').innerText()).replaceAll(/\s+/g, ' ');
    expect(words).toContain(`You signed in as ${BOB} This link is for ${ANA} Nothing was changed.`);
    expect(await faultsHere(page)).toEqual([]);
    expect(await channel()).toEqual(before);
  });

  it('signs in as the right one: the missed messages are imported, with a receipt', async () => {
    // Slow enough to be watched; a real mailbox is.
    await mooring.sandbox.fault('google', ANA, 'slow', { ms: 400, kind: 'api', times: 12 });
    await button(`Sign in as ${ANA}`).click();
    await signInAtGoogle(page, ANA);
    const receipt = page.getByRole('article', { name: 'Import: Missed messages, after signing in again', exact: true });
    await receipt.getByText('Running', { exact: true }).waitFor();
    await receipt.getByText('Completed', { exact: true }).waitFor();
    const numbers = (await receipt.locator('.equation').innerText()).replaceAll(/\s+/g, ' ').trim();
    expect(numbers.toLowerCase()).toBe('40 found = 40 imported + 0 already had + 0 skipped + 0 missing');
    await receipt.getByText('Nothing is missing; compared with the mailbox message by message.').waitFor();
    await state('status').getByText('Connected', { exact: true }).waitFor();
    await region('Messages 65 stored').waitFor();

    const { messages: sent } = await mooring.sandbox.call<{ messages: { message_id: string }[] }>(
      'GET',
      `/control/accounts/google/${ANA}/messages`,
    );
    const stored = await feed();
    expect(stored.map(({ message_id }) => message_id).sort()).toEqual(sent.map(({ message_id }) => message_id).sort());
    expect(stored.filter(({ backfilled }) => backfilled)).toHaveLength(40);
    const { data: imports } = await mooring.call<{ data: object[] }>('GET', `/v1/channels/${channelId}/imports`);
    expect(imports).toContainEqual(
      expect.objectContaining({ cause: 'reauthorized', found: 40, imported: 40, missing: 0, compared: true }),
    );
  });

  it('finds the channel’s diary in Temporal, in words', async () => {
    const address = await page.getByRole('link', { name: 'Open in Temporal Web', exact: true }).getAttribute('href');
    const { page: temporalWeb } = await openPage(browser);
    await temporalWeb.goto(address ?? '');
    await temporalWeb.getByText(channelWorkflowId(channelId), { exact: true }).first().waitFor();
    await temporalWeb.context().close();

    const connection = await Connection.connect({ address: mooring.run.temporal });
    const client = new Client({ connection });
    const workflow = client.workflow.getHandle(channelWorkflowId(channelId));
    const { searchAttributes } = await workflow.describe();
    expect(searchAttributes).toMatchObject({ TenantId: ['acme'], AccessType: ['gmail'], ChannelStatus: ['connected'] });
    const details = await workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toContain(`**${maskAddress(ANA)}** is **connected** since`);
    const events = (await chainOf({ client }, workflow.workflowId)).flatMap((run) => run.events ?? []);
    const summaries = events
      .filter((event) => event.timerStartedEventAttributes ?? event.activityTaskScheduledEventAttributes)
      .map(
        ({ userMetadata }) =>
          userMetadata?.summary && defaultPayloadConverter.fromPayload<string>(userMetadata.summary),
      );
    expect(summaries).not.toContain(undefined);
    expect(summaries).toContain('refresh the gmail access token');
    expect(summaries).toContainEqual(expect.stringMatching(/^sleep until refresh the access token, /));
    await connection.close();
  });

  it('connects an IMAP mailbox by the keyboard alone; a wrong password is said at its field, and nothing is stored', async () => {
    const imap = mooring.run.sandbox?.imap;
    const provider = sandboxPage.getByRole('region', { name: 'IMAP', exact: true });
    await provider.getByRole('textbox', { name: 'New account', exact: true }).fill(EVA);
    await provider.getByRole('textbox', { name: 'with password', exact: true }).fill(PASSWORD);
    await provider.getByRole('button', { name: 'Create', exact: true }).click();
    await sandboxPage.getByText(`${EVA} exists now.`, { exact: true }).waitFor();

    const { keyboard } = page;
    await page.goto(mooring.run.ui);
    await tabTo(button('Connect a channel'));
    await keyboard.press('Enter');
    await tabTo(page.getByRole('radio', { name: /^Gmail/ }));
    await keyboard.press('ArrowDown');
    await tabTo(button('Continue'));
    await keyboard.press('Enter');
    await tabTo(page.getByRole('textbox', { name: 'Email or user name', exact: true }));
    await keyboard.type(EVA);
    await tabTo(page.getByLabel('Password', { exact: true }));
    await keyboard.type(WRONG_PASSWORD);
    await tabTo(page.locator('summary').filter({ hasText: 'Server settings' }));
    await keyboard.press('Enter');
    await tabTo(page.getByRole('textbox', { name: 'IMAP server', exact: true }));
    await keyboard.type(imap?.host ?? '');
    await tabTo(page.getByRole('combobox', { name: 'Encryption', exact: true }));
    await keyboard.type('STARTTLS');
    await tabTo(page.getByRole('textbox', { name: 'Port', exact: true }));
    await keyboard.type(String(imap?.port));
    await keyboard.press('Enter');

    await page.getByText('The password was refused', { exact: true }).waitFor();
    const password = page.getByLabel('Password', { exact: true });
    expect(await password.getAttribute('aria-invalid')).toBe('true');
    const described = (await password.getAttribute('aria-describedby')) ?? '';
    const beside = await Promise.all(described.split(' ').map((id) => page.locator(`[id="${id}"]`).innerText()));
    expect(beside.join(' ')).toContain('The mail server does not accept this user name and password.');
    expect((await mooring.call<{ data: unknown[] }>('GET', '/v1/channels')).data).toHaveLength(1);

    expect(await password.evaluate((field) => field === document.activeElement)).toBe(true);
    await keyboard.press('ControlOrMeta+a');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: EVA, exact: true }).waitFor();
    await state('status').getByText('Connected', { exact: true }).waitFor();
    await region('Connection').getByText('A password; it needs no renewing', { exact: true }).waitFor();
  });

  it('verifies, pauses and resumes: what came meanwhile is there afterwards', async () => {
    await button('Verify connection').click();
    await page.getByText('Verified', { exact: true }).waitFor();
    await button('Pause').click();
    await state('status').getByText('Paused', { exact: true }).waitFor();
    await press(sandboxPage, EVA, 'Send 1', `A message was delivered to ${EVA}`);
    await region('Timeline').getByText('Paused.', { exact: true }).waitFor();
    await region('Messages 0 stored').waitFor();
    await button('Resume').click();
    await state('status').getByText('Connected', { exact: true }).waitFor();
    await region('Messages 1 stored').waitFor();
  });

  it('searches while typing: the field keeps each letter, and the address follows', async () => {
    await page.getByRole('link', { name: 'Mooring, all channels', exact: true }).click();
    await expect.poll(() => region('First steps').getByText('Done', { exact: true }).count()).toBe(4);
    const field = page.getByRole('searchbox', { name: 'Search', exact: true });
    await field.pressSequentially(ANA, { delay: 5 });
    expect(await field.inputValue()).toBe(ANA);
    await page.waitForURL((url) => url.searchParams.get('search') === ANA);
    await page.getByRole('link', { name: EVA, exact: true }).waitFor({ state: 'detached' });
    await field.pressSequentially('x');
    await button('Show all').click();
    await expect.poll(() => field.inputValue()).toBe('');
    await page.getByRole('link', { name: EVA, exact: true }).waitFor();
  });

  it('disconnects, with the provider’s word for it', async () => {
    await page.getByRole('link', { name: ANA, exact: true }).click();
    await button('Disconnect').click();
    await button('Disconnect now').click();
    await state('status').getByText('Disconnected', { exact: true }).waitFor();
    await state('status').getByText('The provider confirmed that our access is withdrawn.', { exact: true }).waitFor();
    expect((await mooring.sandbox.requests('google', 'revoke', ANA)).map(({ status }) => status)).toContain(200);
  });

  it('signs out, and in again with the API key', async () => {
    await button('Sign out').click();
    const key = page.getByLabel('API key', { exact: true });
    await key.waitFor();
    expect(await key.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.type(`mk_${mint('api-key')}`);
    await page.keyboard.press('Enter');
    await page.getByText('This key is not accepted. Please check that it was copied whole.', { exact: true }).waitFor();
    await key.fill(mooring.run.api_key);
    await button('Sign in').click();
    await page.getByRole('heading', { name: 'Channels', exact: true }).waitFor();
  });

  it('reads everything without scrolling sideways, light and dark, on a phone and on a desktop', async () => {
    const { page: any } = await openPage(browser);
    const { url } = await mooring.call<{ url: string }>('POST', '/v1/links', { tenant: 'acme' });
    const places = ['/', mooring.run.ui_login, `/channels/${channelId}`, '/webhooks', url, mooring.sandbox.page];
    const addresses = places.map((place) => new URL(place, mooring.run.ui).href);
    expect(await faultsOnEveryScreen(any, addresses)).toEqual([]);
    await any.context().close();
  });

  it('leaves no complaint in the browser’s console and no password in a log', () => {
    expect(complaints).toEqual([]);
    for (const password of [PASSWORD, WRONG_PASSWORD]) expect(mooring.logs()).not.toContain(password);
    expect(mooring.logs()).not.toContain(mooring.run.api_key);
  });
});
