import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Mooring } from '../support/mooring.ts';
import { faultsHere, signInAtGoogle } from './pages.ts';

interface Surroundings {
  mooring: Mooring;
  page: Page;
  makeLink: (body: object) => Promise<string>;
}

const wordsOf = async (page: Page) => (await page.getByRole('main').innerText()).replaceAll(/\s+/g, ' ');

/** Gmail over IMAP: Google's mail server refuses a good token until its owner has been to Google's own page. */
export async function meetWebAlert({ mooring, page, makeLink }: Surroundings): Promise<void> {
  const email = 'alerted@example.com';
  await mooring.sandbox.call('PUT', `/control/accounts/google/${email}`, {});
  const { id } = await mooring.sandbox.fault('google', email, 'web_sign_in_required', { kind: 'login' });
  await page.goto(await makeLink({ access_types: ['imap'] }));
  await page.getByRole('button', { name: 'Continue with Google', exact: true }).click();
  await signInAtGoogle(page, email);
  await page.getByText('web_sign_in_required').waitFor();
  expect(await wordsOf(page)).toContain('until you have signed in on its own page and confirmed that it is you');
  const link = page.getByRole('link', { name: /^Open .*page$/ });
  expect(await link.getAttribute('href')).toBe('https://accounts.google.com/signin/continue');
  expect(await faultsHere(page)).toEqual([]);
  await mooring.sandbox.mend(id);
  await page.getByRole('button', { name: 'Continue with Google', exact: true }).click();
  await signInAtGoogle(page, email);
  await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
}

/** The form says so before the password is refused. */
export async function readAppPasswordHint({ page, makeLink }: Surroundings): Promise<void> {
  await page.goto(await makeLink({ access_types: ['imap'] }));
  const name = page.getByRole('textbox', { name: 'Email or user name', exact: true });
  await name.fill('ana@gmail.com');
  const hint = page.getByText('Google wants an app password here, made in the account’s security settings.');
  await hint.waitFor();
  await name.fill('ana@example.com');
  await hint.waitFor({ state: 'hidden' });
}
