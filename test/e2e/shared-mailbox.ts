import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Mooring } from '../support/mooring.ts';
import { expectEverywhere } from './pages.ts';

interface Scene {
  mooring: Mooring;
  browser: Browser;
  page: Page;
  makeLink: (body: object) => Promise<string>;
}

interface KeptMail {
  id: string;
  subject: string;
  to: { email: string };
}

const [TEAM, DAN, FAY] = ['team@contoso.example', 'dan@contoso.example', 'fay@contoso.example'];
const ADMIN = 'ada@people.example';
const OWN = `with your own login, which needs access to ${TEAM}.`;

/** A mailbox at Microsoft is connected by one of those who share it, breaks, and its admin is told by mail. */
export async function signInToShared({ mooring, browser, page, makeLink }: Scene): Promise<void> {
  const says = async (words: string) =>
    expect
      .poll(async () => (await page.getByRole('main').innerText()).replaceAll(/\s+/g, ' '), { timeout: 20_000 })
      .toContain(words);
  for (const email of [DAN, FAY]) await mooring.sandbox.account('microsoft', email);
  await mooring.sandbox.account('microsoft', TEAM, { delegates: [DAN] });
  await mooring.call('PUT', '/v1/tenants/contoso/policy', { admins: [{ email: ADMIN }] });
  const about = { tenant: 'contoso', access_types: ['microsoft'], kind: 'shared', mailbox: TEAM };
  await page.goto(await makeLink(about));
  await says(OWN);
  await page.getByRole('button', { name: 'Continue with Microsoft', exact: true }).click();
  await acceptAs(page, FAY);
  await says(`${FAY} has no access to ${TEAM} at Microsoft.`);
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await acceptAs(page, DAN);
  await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();

  const { data } = await mooring.call<{ data: { id: string }[] }>('GET', '/v1/channels?tenant=contoso');
  const { id } = data[0] ?? expect.unreachable();
  await mooring.sandbox.fault('microsoft', DAN, 'access_revoked');
  await mooring.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
  const mail = await mailTo(mooring, ADMIN, TEAM);
  expect(mail).toContain(OWN);
  const url = linkIn(mail);
  await page.goto(url);
  await page.getByRole('heading', { name: `Sign in again for ${TEAM}`, exact: true }).waitFor();
  await says(OWN);
  await expectEverywhere(browser, url, {
    de: `Bitte wieder anmelden für ${TEAM}`,
    ja: `${TEAM} のために、もう一度サインイン`,
    fr: `Reconnectez-vous pour ${TEAM}`,
  });
  await mooring.call('DELETE', `/v1/channels/${id}`);
}

async function acceptAs(page: Page, email: string): Promise<void> {
  await page.getByRole('listitem').filter({ hasText: email }).getByRole('button').click();
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
}

/** The text of the mail that a person was sent. */
export async function mailTo(mooring: Mooring, email: string, subject: string): Promise<string> {
  let id: string | undefined;
  const look = async () => {
    const { data } = await mooring.call<{ data: KeptMail[] }>('GET', '/v1/outbox');
    id = data.find((mail) => mail.to.email === email && mail.subject.includes(subject))?.id;
    return id;
  };
  await expect.poll(look, { timeout: 20_000 }).toBeDefined();
  return (await mooring.call<{ text: string }>('GET', `/v1/outbox/${id}`)).text;
}

/** The address of the page that a mail asks its person to open. */
export const linkIn = (mail: string): string => /https?:\/\/\S+\/connect\/[\w-]+/.exec(mail)?.[0] ?? '';
