import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { seriousFaults } from './accessibility.ts';
import { openPage } from './browser.ts';

/** What a person does at the sandbox's Google: the account, then the consent. `email` may be unknown to it. */
export async function signInAtGoogle(page: Page, email: string): Promise<void> {
  await page.getByRole('heading', { name: 'Choose an account', exact: true }).waitFor();
  const known = page.getByRole('listitem').filter({ hasText: email }).getByRole('button');
  if ((await known.count()) > 0) await known.click();
  else {
    await page.getByRole('textbox').fill(email);
    await page.getByRole('button', { name: 'Next', exact: true }).click();
  }
  await page.getByRole('heading', { name: /wants access to your Google Account$/ }).waitFor();
  await page.getByText(email, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
}

/** Presses a button of an account on the sandbox's page, and waits until the page says what came of it. */
export async function press(sandboxPage: Page, email: string, button: string, outcome: string): Promise<void> {
  const row = sandboxPage.getByRole('row').filter({ has: sandboxPage.getByRole('cell', { name: email, exact: true }) });
  await row.getByRole('button', { name: button, exact: true }).click();
  await sandboxPage.getByRole('status').filter({ hasText: outcome }).waitFor();
}

/** Moves to a control with the Tab key alone, as a person without a mouse does. */
export async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 60; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await target.page().keyboard.press('Tab');
  }
  throw new Error(`${target.toString()} is not reached by Tab`);
}

/** How many pixels the page is wider than the window: no page scrolls sideways. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** 0 is black, 1 is white. */
const lightnessOf = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    return (red + green + blue) / 3 / 255;
  });

/** A folder for pictures of every page that a test looks at; none are taken without it. */
const SCREENSHOTS = process.env['SCREENSHOTS'];
/** In the order in which they are taken: a page may look different later. */
let pictures = 0;

/**
 * What is wrong with pages on a phone and on a desktop, in light and in dark: they scroll sideways, axe finds something
 * serious, or the scheme is not followed. It keeps the page's session. Each page is loaded once, and follows its window.
 */
export async function faultsOnEveryScreen(page: Page, addresses: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  for (const address of addresses) {
    await page.goto(address);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(() => page.locator('.waiting').count()).toBe(0);
    faults.push(...(await faultsHere(page)).map((fault) => `${new URL(address).pathname} ${fault}`));
  }
  return faults;
}

/** The same of the page as it is now. */
export async function faultsHere(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const isFollowed = (light: number) => (colorScheme === 'dark' ? light < 0.2 : light > 0.9);
    await expect.poll(() => lightnessOf(page), { message: `${page.url()} ${colorScheme}` }).toSatisfy(isFollowed);
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const screen = `${colorScheme} ${width}`;
      faults.push(...(await seriousFaults(page)).map((fault) => `${screen}: ${fault}`));
      if ((await overflowOf(page)) !== 0) faults.push(`${screen} scrolls sideways`);
      if (SCREENSHOTS) {
        const name = `${String(++pictures).padStart(3, '0')} ${new URL(page.url()).pathname} ${screen}`
          .replaceAll(/[^\w-]+/g, '-')
          .replace(/^-/, '');
        await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
      }
    }
  }
  return faults;
}

/** Opens a page as browsers of several languages and sizes do, and looks at what each of them shows. */
export async function expectEverywhere(
  browser: Browser,
  url: string,
  headings: Record<string, string>,
  act?: (page: Page) => Promise<void>,
) {
  for (const [locale, colorScheme, width] of [
    ['de-AT', 'dark', 360],
    ['ja-JP', 'light', 360],
    ['fr-CA', 'light', 1440],
  ] as const) {
    const { page: opened } = await openPage(browser, { locale, colorScheme, viewport: { width, height: 800 } });
    await opened.goto(url);
    await opened.getByRole('heading', { level: 1, name: headings[locale.slice(0, 2)] ?? '', exact: true }).waitFor();
    await act?.(opened);
    expect(await opened.evaluate(() => document.documentElement.lang)).toBe(locale.slice(0, 2));
    expect(await overflowOf(opened), `${url} ${locale}`).toBe(0);
    expect(await seriousFaults(opened), `${url} ${locale}`).toEqual([]);
    await opened.context().close();
  }
}
