import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Response } from 'playwright-core';
import { keepAnswer } from '../support/kept-answers.ts';

const executablePath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']
  .flatMap((dir) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(dir, name)))
  .find((file) => existsSync(file));

/** False where no Chromium is installed (Debian: `apt-get install chromium`): tests that need it skip themselves. */
export const chromiumInstalled = executablePath !== undefined;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** What the server refuses on purpose is in the console too. */
const REFUSED = /status of 4(00|01|09|22) /;

/** A new browser. The server's answers to it and the complaints of its console are kept. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(30_000);
  context.on('response', (response) => void keepResponse(response));
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() !== 'error' || REFUSED.test(message.text())) return;
    complaints.push(`${message.text()} (${message.location().url})`);
  });
  return { page: await context.newPage(), complaints };
}

async function keepResponse(response: Response): Promise<void> {
  const told = await response.headersArray().catch(() => []); // the browser was closed meanwhile
  const headers = told.map(({ name, value }): [string, string] => [name, value]);
  const isOurs = headers.some(([name]) => name.toLowerCase() === 'x-request-id');
  if (!isOurs) return; // the provider's page, Temporal's
  const body = await response.text().catch(() => null); // a redirection has none
  const method = response.request().method();
  keepAnswer(
    { method, url: response.url(), status: response.status(), headers, body: body ?? '', isWhole: body !== null },
    'page',
  );
}
