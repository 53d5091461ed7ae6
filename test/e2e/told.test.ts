import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { insertNotices } from '../../db/notices/notices.ts';
import { newId } from '../../db/ids.ts';
import { incidents } from '../../db/schema/channels.ts';
import { incidentChannels } from '../../db/schema/incidents.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsOnEveryScreen, tabTo } from './pages.ts';

const ANA = 'ana@example.com';
const BEN = 'ben@example.com';
const CLEO = 'cleo@example.com';
const BROKEN = [ANA, BEN];

/** Who was told, telling people now, and the incidents, as the operator sees them in the web UI. */
describe.skipIf(!chromiumInstalled)('what people were told', { timeout: 90_000 }, () => {
  let stage: Stage;
  let api: Api;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const channels = new Map<string, string>();

  beforeAll(async () => {
    [stage, browser] = await Promise.all([raiseStage(), launchBrowser()]);
    api = await startApi(stage.context);
    for (const email of [...BROKEN, CLEO]) {
      const result = await connectGmail(stage, email, { spec: { owner: { email, name: null } } });
      channels.set(email, channelOf(result));
    }
    for (const email of BROKEN) {
      await stage.sandbox.fault('google', email, 'password_changed');
      const where = { tenantId: 'acme', channelId: channels.get(email) ?? '', accessType: 'gmail' as const };
      await refreshCredential(stage.context, { ...where, version: 1 });
    }
    await seedNotices();
    await seedIncidents();
    ({ page, complaints } = await openPage(browser));
    await page.goto(`${api.url}${api.loginPath}`, { waitUntil: 'commit' });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await stage?.close();
  });

  const idOf = (email: string) => channels.get(email) ?? '';
  const button = (name: string | RegExp, of: Page | ReturnType<Page['locator']> = page) =>
    of.getByRole('button', { name });
  const open = (path: string) => page.goto(`${api.url}${path}`);
  const lines = () => page.locator('.notices > li');

  /** Notices in each state, as the planner and the mail server leave them. */
  async function seedNotices(): Promise<void> {
    const now = await stage.context.clock.now();
    const [minutes, at] = [60_000, (ms: number) => new Date(now.getTime() + ms)];
    const notice = (given: Partial<Parameters<typeof insertNotices>[1][number]>) => ({
      id: newId('ntc'),
      tenantId: 'acme',
      channelId: idOf(ANA),
      kind: 'reauth_required' as const,
      occasion: newId('req'),
      recipient: ANA,
      recipientId: 'ana',
      why: 'owner' as const,
      state: 'sent' as const,
      dueAt: now,
      createdAt: now,
      at: at(-90 * minutes),
      ...given,
    });
    await stage.context.database.inTenant('acme', (tx) =>
      insertNotices(tx, [
        notice({}),
        notice({ kind: 'reminder', state: 'queued', dueAt: at(600 * minutes), at: now }),
        notice({
          channelId: idOf(BEN),
          recipient: 'gone@example.com',
          state: 'failed',
          error: 'recipient_refused',
          at: at(-30 * minutes),
        }),
        notice({ channelId: idOf(BEN), recipient: 'ada@example.com', why: 'owner_left', at: at(-29 * minutes) }),
        notice({
          channelId: idOf(CLEO),
          recipient: CLEO,
          state: 'suppressed',
          error: 'repaired',
          at: at(-9 * minutes),
        }),
      ]),
    );
  }

  /** One of our own client, an outage, and so many sign-ins at once that the mails wait for the operator. */
  async function seedIncidents(): Promise<void> {
    const now = await stage.context.clock.now();
    const mass = newId('inc');
    const common = { provider: 'gmail' as const, openedAt: new Date(now.getTime() - 300_000) };
    await stage.context.database.acrossTenants(async (tx) => {
      await tx.insert(incidents).values([
        {
          ...common,
          id: newId('inc'),
          scope: 'client',
          client: 'client-id',
          reason: 'app_credentials_invalid',
          action: 'fix_app_credentials',
          providerCode: 'invalid_client',
        },
        {
          ...common,
          id: newId('inc'),
          scope: 'provider',
          provider: 'imap',
          server: 'mail.example.net',
          reason: 'network',
          action: 'none',
        },
        {
          ...common,
          id: mass,
          scope: 'provider',
          reason: 'access_revoked',
          action: 'reauthorize',
          holdsUntil: new Date(now.getTime() + 1_200_000),
        },
      ]);
      await tx
        .insert(incidentChannels)
        .values(BROKEN.map((email) => ({ incidentId: mass, channelId: idOf(email), tenantId: 'acme', joinedAt: now })));
    });
    await stage.context.database.inTenant('acme', (tx) =>
      insertNotices(tx, [
        {
          id: newId('ntc'),
          tenantId: 'acme',
          channelId: idOf(BEN),
          incidentId: mass,
          kind: 'reauth_required',
          occasion: 'held',
          recipient: 'ada@example.com',
          recipientId: 'ada',
          why: 'admin',
          state: 'queued',
          dueAt: now,
          createdAt: now,
          at: now,
          heldBy: mass,
          heldUntil: new Date(now.getTime() + 1_200_000),
        },
      ]),
    );
  }

  it('lists who was told what, with the reason in words where a mail has not gone out', async () => {
    await open('/notices');
    await lines().first().waitFor();
    const words = await page.getByRole('region', { name: 'Notices', exact: true }).innerText();
    expect(words).toContain('The mail server knows no such address. The admins are told instead.');
    expect(words).toContain('as an admin, because the owner has left');
    expect(words).toContain('Not needed any more: the channel works again by itself.');
    expect(words).toMatch(/goes out in \d+ h/);
    expect(words).toContain('It waits for the operator');
    const refused = page.getByRole('status').filter({ hasText: '1 address takes no mail' });
    expect(await refused.innerText()).toContain('gone@example.com');
  });

  it('filters them by state, kind and tenant, in the address', async () => {
    await button('Not delivered').click();
    await expect.poll(() => lines().count()).toBe(1);
    await button('All').click();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('reminder');
    await expect.poll(() => lines().count()).toBe(1);
    expect(await lines().first().innerText()).toContain('Reminded to sign in again');
    expect(new URL(page.url()).search).toBe('?kind=reminder');
    await page.getByRole('combobox', { name: 'Tenant' }).selectOption('acme');
    await button('Not sent').click();
    await page.getByText('No notice fits this filter.').waitFor();
  });

  it('shows them on the channel’s own page', async () => {
    await open(`/channels/${idOf(BEN)}`);
    const told = page.getByRole('region', { name: 'Who was told' });
    await told.getByText('gone@example.com').waitFor();
    expect(await told.locator('.notices > li').count()).toBe(3);
  });

  it('reminds the people of selected channels by the keyboard, and says who was left out and why', async () => {
    await open('/');
    await tabTo(page.getByRole('checkbox', { name: `Select ${ANA}` }));
    await page.keyboard.press('Space');
    await button('Select all 3').click();
    expect(await page.getByRole('region', { name: 'Selected channels' }).innerText()).toContain('3 channels selected');
    await tabTo(button('Remind now'));
    await page.keyboard.press('Enter');
    const outcome = page.getByRole('status').filter({ hasText: 'left out' });
    await outcome.waitFor();
    expect(await outcome.innerText()).toContain(`${CLEO}: it needs no person at the moment`);
    expect(await page.getByRole('region', { name: 'Selected channels' }).count()).toBe(0);
    const { json } = await api.call('GET', `/v1/notices?channel=${idOf(ANA)}`);
    expect(json.data).toHaveLength(3);
  });

  it('puts what the operator must do first, outages as one, and sends what was held', async () => {
    await open('/incidents');
    const own = page.getByRole('region', { name: 'Yours to mend' });
    await own.getByRole('heading', { name: /^Google refuses our client/ }).waitFor();
    expect(await own.innerText()).toContain('No owner is told: the people can do nothing about it.');
    expect(await own.innerText()).toContain('invalid_client');
    const outages = page.getByRole('region', { name: 'Outages' });
    expect(await outages.innerText()).toContain('mail.example.net is in trouble');

    const mass = own.getByRole('article', { name: /asks for/ });
    await button('Show the channels', mass).click();
    await mass.getByRole('link', { name: ANA }).waitFor();
    await button('Who was told', mass).click();
    await mass.getByText('ada@example.com').waitFor();
    // What the product had asked for meanwhile waits as well: one alert, and the reminders of two channels.
    expect(await mass.innerText()).toContain('3 mails to people are held until you have looked');
    await button('Send them now', mass).click();
    await button('Send them now', mass).waitFor({ state: 'detached' });

    const single = page.getByRole('region', { name: 'Single channels' });
    await single.getByRole('link', { name: ANA }).waitFor();
    expect(await single.innerText()).toContain('Google ended our access');
  });

  it('stands above the channels as one problem', async () => {
    await open('/');
    const strip = page.getByRole('list', { name: 'Incidents of many channels' });
    await strip.getByText(/^Google refuses our client: \d channels wait/).waitFor();
    await strip.getByRole('link', { name: 'What to do' }).first().click();
    await page.getByRole('heading', { name: 'Incidents', exact: true }).waitFor();
  });

  it('reads well at every width and in both schemes', async () => {
    const places = ['/', '/incidents', '/notices', `/channels/${idOf(BEN)}`];
    expect(
      await faultsOnEveryScreen(
        page,
        places.map((place) => `${api.url}${place}`),
      ),
    ).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
