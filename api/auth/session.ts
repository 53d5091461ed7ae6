import type { Request, Response } from 'express';
import type { Context } from '../../runtime/context.ts';
import { deleteUiSession, findUiSession, insertUiSession } from '../../db/access/ui-sessions.ts';
import type { UiSessionRow } from '../../db/access/ui-sessions.ts';
import { readCookie, setCookie, clearCookie } from '../http/cookies.ts';
import { randomText, sha256 } from '../../crypto/random-secrets.ts';

const COOKIE = 'session';
/** The absolute limit: then the person signs in again, also if active. */
const SESSION_LIFE_MS = 12 * 3_600_000;

/** Opens a session and sets its cookie; the browser holds no key. `apiKeyId` null: it came by the login link. */
export async function openSession(context: Context, response: Response, apiKeyId: string | null): Promise<void> {
  const cookie = randomText();
  const createdAt = await context.clock.now();
  const expiresAt = new Date(createdAt.getTime() + SESSION_LIFE_MS);
  await context.database.outsideTenants((tx) =>
    insertUiSession(tx, { hash: sha256(cookie), apiKeyId, createdAt, expiresAt }),
  );
  setCookie(context.config, response, { name: COOKIE, value: cookie, sameSite: 'strict', maxAgeMs: SESSION_LIFE_MS });
}

export async function findSession(context: Context, request: Request): Promise<UiSessionRow | null> {
  const cookie = readCookie(context.config, request, COOKIE);
  if (cookie === null) return null;
  const session = await context.database.outsideTenants((tx) => findUiSession(tx, sha256(cookie)));
  return session && session.expiresAt > (await context.clock.now()) ? session : null;
}

export async function closeSession(context: Context, request: Request, response: Response): Promise<void> {
  const cookie = readCookie(context.config, request, COOKIE);
  if (cookie !== null) await context.database.outsideTenants((tx) => deleteUiSession(tx, sha256(cookie)));
  clearCookie(context.config, response, COOKIE);
}
