import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secret as mint } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { expectEverywhere, faultsHere, overflowOf, signInAtGoogle, tabTo } from './pages.ts';
import { meetWebAlert, readAppPasswordHint } from './refused-sign-ins.ts';
import { linkIn, mailTo, signInToShared } from './shared-mailbox.ts';

const ANA = 'ana@example.com';
const TOM = 'tom@example.com';
const PASSWORD = mint('password');

interface Channel {
  id: string;
  account: { email: string };
  status: string;
}

/** What connect pages, sandbox and channels say to a person, where they once said nothing or the wrong thing. */
describe.skipIf(!chromiumInstalled)('a person who connects', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [mooring, browser] = await Promise.all([startMooring(), launchBrowser()]);
    ({ page, complaints } = await openPage(browser, { permissions: ['clipboard-read', 'clipboard-write'] }));
    await mooring.sandbox.call('PUT', `/control/accounts/imap/${ANA}`, { password: PASSWORD });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await mooring?.stop();
  }, 120_000);

  const heading = (name: string) => page.getByRole('heading', { name, exact: true });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const makeLink = async (body: object) =>
    (await mooring.call<{ url: string }>('POST', '/v1/links', { tenant: 'acme', ...body })).url;
  const wordsOf = async () => (await page.getByRole('main').innerText()).replaceAll(/\s+/g, ' ');

  async function fillPasswordForm(email: string): Promise<void> {
    await page.getByRole('textbox', { name: 'Email or user name', exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  }

  it('reads the sandbox’s mail server on its page, and copies it', async () => {
    const imap = mooring.run.sandbox?.imap;
    await page.goto(mooring.sandbox.page);
    const server = page.getByRole('group', { name: 'Mail server', exact: true });
    for (const value of [imap?.host ?? '', String(imap?.port), imap?.ca_file ?? '']) {
      // Both servers may have the same authority.
      await server.getByRole('button', { name: value, exact: true }).first().click();
      await page.getByText(`${value} is copied.`, { exact: true }).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(value);
    }
  });

  it('types the address of a sandbox mailbox, and is asked for no server', async () => {
    await page.goto(await makeLink({ access_types: ['imap'] }));
    await fillPasswordForm(ANA);
    await button('Connect').click();
    await heading('Connected').waitFor();
    await page.getByText('Messages that arrive from now on show up there.').waitFor();
  });

  it('is told what to type, and where to find it, where no server is found', async () => {
    await page.goto(await makeLink({ access_types: ['imap'] }));
    await fillPasswordForm('ana@no-such-domain.invalid');
    await button('Connect').click();
    await page.getByText('Which mail server?', { exact: true }).waitFor();
    const host = page.getByRole('textbox', { name: 'IMAP server', exact: true });
    expect(await host.evaluate((field) => field === document.activeElement)).toBe(true);
    const words = await wordsOf();
    expect(words).toContain('Please enter its name, such as imap.example.com.');
    expect(words).toContain('“IMAP server” or “incoming mail”');
    const sandbox = page.getByRole('link', { name: 'the sandbox’s page', exact: true });
    expect(await sandbox.getAttribute('href')).toBe(mooring.sandbox.page);
  });

  it.each([
    ['Port', '99999', 'A port is a whole number from 1 to 65535'],
    ['IMAP server', 'imap.example.com:993', 'Enter the name of the server alone'],
    ['IMAP server', 'https://imap.example.com/', 'Enter the name of the server alone'],
  ])('reads at the field %s what is wrong with %s', async (field, entry, words) => {
    await page.goto(await makeLink({ access_types: ['imap'] }));
    await fillPasswordForm(ANA);
    await page.locator('summary').filter({ hasText: 'Server settings' }).click();
    const entered = page.getByRole('textbox', { name: field, exact: true });
    await entered.fill(entry);
    await button('Connect').click();
    await page.getByText(words).waitFor();
    expect(await entered.getAttribute('aria-invalid')).toBe('true');
    expect(await wordsOf()).not.toMatch(/Too big|Invalid|expected/);
  });

  it('reads at the password that a large provider wants an app password', () =>
    readAppPasswordHint({ mooring, page, makeLink }));

  it('is led to the page that Google’s mail server wants to be visited first, and connects after it', () =>
    meetWebAlert({ mooring, page, makeLink }));

  it('reads on a link for a channel that works that nothing has to be done', async () => {
    const { data } = await mooring.call<{ data: Channel[] }>('GET', '/v1/channels');
    const id = data.find(({ account }) => account.email === ANA)?.id;
    const { url } = await mooring.call<{ url: string }>('POST', `/v1/channels/${id}/reauthorize-links`, {});
    await page.goto(url);
    await page.getByText('This account is connected', { exact: true }).waitFor();
    expect(await wordsOf()).toContain('Nothing has to be done at the moment.');
    expect(await wordsOf()).toContain('acme keeps its access.');
  });

  it('reads the longest name of a tenant without scrolling sideways', async () => {
    const { page: narrow } = await openPage(browser, { viewport: { width: 360, height: 800 } });
    await narrow.goto(await makeLink({ tenant: 'w'.repeat(128) }));
    await narrow.getByRole('heading', { name: 'Connect your account', exact: true }).waitFor();
    expect(await overflowOf(narrow)).toBe(0);
    await narrow.context().close();
  });

  describe('whose organization lets administrators alone allow an app', () => {
    const EMAIL = 'cleo@fabrikam.example';
    const atMicrosoft = async (target: Page) => {
      await target.getByRole('listitem').filter({ hasText: EMAIL }).getByRole('button').click();
    };

    it('hands a link over, the administrator allows the app, and the next sign-in connects', async () => {
      await mooring.sandbox.call('PUT', `/control/accounts/microsoft/${EMAIL}`, { tenant: 'fabrikam.example' });
      await mooring.sandbox.fault('microsoft', EMAIL, 'admin_consent_required');
      await page.goto(await makeLink({ access_types: ['microsoft'] }));
      await button('Continue with Microsoft').click();
      await atMicrosoft(page);
      await page.getByRole('heading', { name: 'Need admin approval', exact: true }).waitFor();
      await page.getByRole('button', { name: 'Return to the application without granting consent' }).click();

      await heading('For an administrator of your organization').waitFor();
      expect(await wordsOf()).toContain('An administrator has to allow it first');
      expect(await faultsHere(page)).toEqual([]);
      const url = await page.getByRole('link', { name: 'I am an administrator myself' }).getAttribute('href');
      const { page: admins } = await openPage(browser);
      await admins.goto(url ?? '');
      await atMicrosoft(admins);
      await admins.getByRole('button', { name: 'Accept', exact: true }).click();
      await admins.getByRole('heading', { name: 'Thank you', exact: true }).waitFor();
      await admins.close();

      await button('Try again').click();
      await atMicrosoft(page);
      await heading('Connected').waitFor();
    });
  });

  it('shares a mailbox with others, and reads on every page and in the mail to use a login of their own', () =>
    signInToShared({ mooring, browser, page, makeLink }));

  describe('in a language and a size of screen', () => {
    const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40"/></svg>';
    const askedForLogo: IncomingHttpHeaders[] = [];
    const files = createServer(({ headers }, response) => {
      askedForLogo.push(headers);
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(LOGO);
    });
    let sql: postgres.Sql;

    beforeAll(async () => {
      sql = postgres(mooring.run.database_url ?? '', { max: 1, onnotice: () => {} });
      await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
      await mooring.call('PUT', '/v1/branding', {
        name: 'Example Desk',
        logo_url: `http://127.0.0.1:${(files.address() as AddressInfo).port}/logo.svg`,
        accent_color: '#ffee00', // no text can be read in it, nor it on paper
        support_email: 'help@example.com',
        privacy_url: 'https://example.com/privacy',
      });
      await mooring.call('PUT', '/v1/tenants/globex/policy', { display_name: 'Globex GmbH', locale: 'es' });
    });
    afterAll(async () => {
      files.close();
      await sql?.end();
      await mooring.call('PUT', '/v1/branding', {});
    });

    const expire = (url: string) =>
      sql`update links set expires_at = now() - interval '1 hour'
          where hash = encode(sha256(${new URL(url).pathname.split('/').at(-1) ?? ''}::bytea), 'hex')`;

    it('reads who asks for what, in the product’s name and colours; nothing is loaded from elsewhere', async () => {
      const url = await makeLink({ tenant: 'globex', access_types: ['gmail'], uses: ['read', 'send'] });
      const hosts = new Set<string>();
      await expectEverywhere(
        browser,
        url,
        { de: 'Konto verbinden', ja: 'アカウントを接続', fr: 'Connectez votre compte' },
        async (opened) => {
          const logo = opened.getByRole('img', { name: 'Example Desk', exact: true });
          await expect
            .poll(() => logo.evaluate((image) => (image as HTMLImageElement).naturalWidth))
            .toBeGreaterThan(0);
          expect(await opened.title()).toContain('– Example Desk');
          expect(await opened.getByRole('main').innerText()).toContain('Globex GmbH');
          const loaded = await opened.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
          for (const address of loaded) hosts.add(new URL(address).host);
          // Of the words, those of this language alone.
          const files = loaded.filter((address) => /\/assets\/(en|de|fr|es|ja)-/.test(address));
          expect(files).toHaveLength(1);
        },
      );
      expect([...hosts]).toEqual([new URL(mooring.run.ui).host]);
      expect(askedForLogo.map(({ referer }) => referer)).toEqual([undefined]);
    });

    it('chooses another language, which this browser keeps; one that there is not gets the tenant’s', async () => {
      const { page: opened } = await openPage(browser, { locale: 'pt-BR' });
      const h1 = opened.getByRole('heading', { level: 1 });
      await opened.goto(await makeLink({ tenant: 'globex', access_types: ['imap'] }));
      await h1.filter({ hasText: 'Conecte su cuenta' }).waitFor();
      const language = opened.getByRole('combobox', { name: 'Idioma', exact: true });
      await tabTo(language);
      await language.selectOption({ label: 'Deutsch' });
      await opened.getByRole('combobox', { name: 'Sprache', exact: true }).waitFor();
      await opened.reload();
      await h1.filter({ hasText: 'Konto verbinden' }).waitFor();
      // By the keyboard: the form in its order, then the foot.
      for (const name of ['E-Mail-Adresse oder Benutzername', 'Passwort']) {
        await tabTo(opened.getByLabel(name, { exact: true }));
      }
      await tabTo(opened.getByRole('button', { name: 'Verbinden', exact: true }));
      await tabTo(opened.getByRole('link', { name: 'help@example.com', exact: true }));
      await opened.context().close();
    });

    it('reads that a link is unknown or over, and that the administrator’s answer has come', async () => {
      await expectEverywhere(browser, `${mooring.run.ui}/connect/unknown`, {
        de: 'Diesen Link kennen wir nicht',
        ja: 'このリンクは見つかりません',
        fr: 'Ce lien n’est pas connu',
      });
      const expired = await makeLink({ tenant: 'globex' });
      await expire(expired);
      const headings = { de: 'Dieser Link ist abgelaufen', ja: 'このリンクは期限切れです', fr: 'Ce lien a expiré' };
      await expectEverywhere(browser, expired, headings, async (opened) => {
        await opened.getByRole('button', { name: /^(Neuen Link|新しいリンク|M’envoyer)/ }).click();
        await opened.getByText(/^(Wenn der Link Ihrer war|お客様宛てのリンク|Si ce lien était le vôtre)/).waitFor();
      });
      await expectEverywhere(browser, `${mooring.run.ui}/admin-consent?outcome=allowed`, {
        de: 'Vielen Dank',
        ja: 'ありがとうございます',
        fr: 'Merci',
      });
    });

    it('signs in again: why, the messages counted in, and what the used link says after the next breakage', async () => {
      const EVE = 'eve@example.com';
      const { page: opened } = await openPage(browser, { locale: 'de-DE', viewport: { width: 360, height: 800 } });
      const signIn = async (name: string) => {
        await opened.getByRole('button', { name, exact: true }).click();
        await signInAtGoogle(opened, EVE);
      };
      const says = (words: string) => opened.getByText(words, { exact: true }).first().waitFor();
      const breakIt = async (id: string) => {
        await mooring.sandbox.fault('google', EVE, 'password_changed');
        await mooring.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
        await expect
          .poll(async () => (await mooring.call<Channel>('GET', `/v1/channels/${id}`)).status, { timeout: 60_000 })
          .toBe('reauth_required');
      };
      const owner = { email: 'eve.owner@people.example', locale: 'de' };
      await opened.goto(await makeLink({ tenant: 'globex', access_types: ['gmail'], owner }));
      await signIn('Weiter mit Google');
      await says('Verbunden');
      const { data } = await mooring.call<{ data: Channel[] }>('GET', '/v1/channels');
      const { id } = data.find(({ account }) => account.email === EVE) ?? expect.unreachable();
      await breakIt(id);
      await mooring.sandbox.deliver('google', EVE, 40);
      await mooring.sandbox.fault('google', EVE, 'slow', { ms: 300, kind: 'api', times: 12 });

      const { url } = await mooring.call<{ url: string }>('POST', `/v1/channels/${id}/reauthorize-links`, {});
      await expectEverywhere(browser, url, {
        de: `Bitte wieder anmelden: ${EVE}`,
        ja: `もう一度サインイン： ${EVE}`,
        fr: `Reconnectez-vous : ${EVE}`,
      });
      await opened.goto(url);
      const cause = opened.getByText(/^Google lässt uns nicht mehr hinein, weil das Passwort von .* geändert wurde/);
      await cause.waitFor();
      expect(await cause.innerText()).toContain('kommen bei Globex GmbH keine neuen Nachrichten an.');
      await signIn('Weiter mit Google');
      await says('Verbunden');
      await opened
        .getByText(/^(Verpasste Nachrichten werden gesucht …|\d+ .*verpasste)/)
        .first()
        .waitFor();
      await says('40 verpasste Nachrichten wurden nachgeholt.');
      await says('Mit dem Postfach verglichen: Es fehlt nichts.');
      expect(await faultsHere(opened)).toEqual([]);

      await breakIt(id);
      await opened.goto(url);
      await opened.getByRole('heading', { name: 'Dieser Link wurde schon benutzt', exact: true }).waitFor();
      expect(await opened.getByRole('main').innerText()).toContain(`${EVE} braucht inzwischen eine neue Anmeldung`);
      await opened.getByRole('button', { name: 'Neuen Link anfordern', exact: true }).click();
      await says('Bitte sehen Sie in Ihre E-Mails');
      const mail = await mailTo(mooring, owner.email, 'Ihr neuer Link');
      await opened.goto(linkIn(mail));
      await opened.getByRole('heading', { name: `Bitte wieder anmelden: ${EVE}`, exact: true }).waitFor();
      await mooring.call('DELETE', `/v1/channels/${id}`);
      await opened.context().close();
    }, 240_000);
  });

  describe('whose product imports nothing', () => {
    /** Words about messages, which such a channel has none of. */
    const PROMISES = /messages? (that )?arriv|Looking for messages|nothing is lost|is waiting|fetched/i;
    let channel: Channel;

    it('is promised no messages after connecting', async () => {
      await page.goto(await makeLink({ access_types: ['gmail'], import: 'off' }));
      await button('Continue with Google').click();
      await signInAtGoogle(page, TOM);
      await heading('Connected').waitFor();
      await page.getByText(TOM, { exact: true }).waitFor();
      expect(await wordsOf()).not.toMatch(PROMISES);
      const { data } = await mooring.call<{ data: Channel[] }>('GET', '/v1/channels');
      channel = data.find(({ account }) => account.email === TOM) ?? expect.unreachable();
    });

    it('sees on the page of a broken channel that it has to sign in, and nothing of waiting messages', async () => {
      await mooring.sandbox.call('POST', '/control/faults', {
        provider: 'google',
        email: TOM,
        fault: 'access_revoked',
      });
      await mooring.call('POST', `/v1/channels/${channel.id}/report-failure`, { http_status: 401 });
      await page.goto(mooring.run.ui_login);
      const banner = page.getByRole('alert', { name: 'Channels that need someone', exact: true });
      await banner.waitFor();
      expect(await banner.innerText()).toContain(`Sign in again as ${TOM} to continue.`);
      expect(await banner.innerText()).not.toMatch(PROMISES);
      await page.goto(new URL(`/channels/${channel.id}`, mooring.run.ui).href);
      const state = page.getByRole('alert', { name: 'State of the channel', exact: true });
      await state.waitFor();
      expect(await state.innerText()).toContain(`Sign in again as ${TOM} to continue.`);
      expect(await state.innerText()).not.toMatch(PROMISES);
      const look = button('Import missed messages');
      expect(await look.isDisabled()).toBe(true);
      expect(await page.locator(`#${await look.getAttribute('aria-describedby')}`).innerText()).toBe(
        'An import can be asked for after the sign-in.',
      );
    });

    it('is promised no fetched messages on the link, nor after the sign-in', async () => {
      const { url } = await mooring.call<{ url: string }>('POST', `/v1/channels/${channel.id}/reauthorize-links`, {});
      await page.goto(url);
      await heading(`Sign in again as ${TOM}`).waitFor();
      expect(await wordsOf()).toContain('acme can then use it again.');
      expect(await wordsOf()).not.toMatch(PROMISES);
      await button('Continue with Google').click();
      await signInAtGoogle(page, TOM);
      await heading('Connected').waitFor();
      await page.getByText('is connected again to', { exact: false }).waitFor();
      await page.waitForResponse((response) => response.url().endsWith('/progress'));
      expect(await wordsOf()).toContain('You can close this page.');
      expect(await wordsOf()).not.toMatch(PROMISES);
    });
  });

  it('leaves no complaint in the browser’s console', () => {
    expect(complaints).toEqual([]);
  });
});
