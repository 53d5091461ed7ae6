import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** A look takes a second or two. */
const LIMIT_MS = 30_000;

/** What axe calls serious or critical on the page as it is now, each with the elements. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's own policy would let no script tag in.
  if (
    !(await inTime(
      page,
      'axe is looked for',
      page.evaluate(() => 'axe' in globalThis),
    ))
  ) {
    await inTime(page, 'axe is loaded', page.evaluate(AXE));
  }
  await inTime(page, 'its transitions are ended', page.evaluate(endTransitions));
  const look = page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  const { violations } = await inTime(page, 'axe looks at it', look);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/**
 * A colour on its way to another has neither's contrast. Transitions are ended, not awaited: a browser that draws no frames
 * ends none.
 */
function endTransitions(): void {
  for (const animation of document.getAnimations()) {
    if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
  }
}

/** Playwright waits for an evaluation without a limit. */
async function inTime<Result>(page: Page, what: string, work: Promise<Result>): Promise<Result> {
  const over = new AbortController();
  const limit = sleep(LIMIT_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${page.url()} does not answer within ${LIMIT_MS / 1_000} s while ${what}`);
  });
  limit.catch(() => {});
  return await Promise.race([work, limit]).finally(() => over.abort());
}
