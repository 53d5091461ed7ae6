import type { Locator, Page } from 'playwright-core';

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
export const lightnessOf = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    return (red + green + blue) / 3 / 255;
  });
