import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { chromiumInstalled, launchBrowser, openPage } from './browser.ts';
import { faultsHere } from './pages.ts';

const operation = (page: Page, id: string) => page.locator(`[id$="-${id}"]`);

describe.skipIf(!chromiumInstalled)('the reference of the API', { timeout: 60_000 }, () => {
  let stage: Stage;
  let api: Api;
  let browser: Browser;

  beforeAll(async () => {
    [stage, browser] = await Promise.all([raiseStage(), launchBrowser()]);
    api = await startApi(stage.context);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    await stage?.close();
  });

  async function openReference() {
    const opened = await openPage(browser);
    await opened.page.goto(`${api.url}/reference`);
    await operation(opened.page, 'createLink').waitFor();
    return opened;
  }

  it('begins with links, and has nothing of what is internal', async () => {
    const { page, complaints } = await openReference();
    const chapters = await page.locator('.opblock-tag').evaluateAll((tags) => tags.map((tag) => tag.dataset['tag']));
    expect(chapters[0]).toBe('Links');
    expect(chapters).not.toContain('Web UI');
    expect(chapters.at(-1)).toBe('Operation');
    for (const id of ['receivePush', 'createUiSession', 'finishAuthorization'])
      expect(await operation(page, id).count(), id).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('makes a link at the first click, with the session of the web UI and the example as it stands', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${api.url}${api.loginPath}`, { waitUntil: 'commit' });
    await page.goto(`${api.url}/reference`);
    const makeLink = operation(page, 'createLink');
    await makeLink.getByRole('button', { name: /Make a connect link/ }).click();
    await makeLink.getByRole('button', { name: 'Execute', exact: true }).click();
    await makeLink.locator('.live-responses-table').getByText('201', { exact: true }).waitFor();
    expect(await makeLink.locator('.live-responses-table').innerText()).toContain('"purpose": "connect"');
    expect(new URL(page.url()).hash).toBe('#/Links/createLink');
    await page.context().close();
  });

  it('can be read and used, light and dark, on a phone and on a desktop', async () => {
    const { page, complaints } = await openReference();
    const makeLink = operation(page, 'createLink');
    await makeLink.getByRole('button', { name: /Make a connect link/ }).click();
    await makeLink.getByRole('button', { name: 'Execute', exact: true }).click();
    await makeLink.locator('.live-responses-table td.response-col_status', { hasText: '401' }).waitFor();
    expect(await faultsHere(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
