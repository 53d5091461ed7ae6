import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

let stage: Stage;
let api: Api;

beforeAll(async () => {
  stage = await raiseStage();
  const uiDir = join(stage.dir, 'ui');
  await mkdir(join(uiDir, 'assets'), { recursive: true });
  await writeFile(join(uiDir, 'index.html'), '<!doctype html><title>Mooring</title>');
  await writeFile(join(uiDir, 'assets/app-1a2b.js'), 'export {};');
  await writeFile(join(uiDir, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(stage.dir, 'secret.txt'), 'outside');
  api = await startApi(stage.context, { uiDir });
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

const html = { accept: 'text/html,application/xhtml+xml' };

describe('the web app', () => {
  test('its page stands at every address of its own, without a session and without being cached', async () => {
    for (const path of ['/', '/channels/chn_x', '/connect/abc', '/connect/abc/']) {
      const answer = await api.request('GET', path, { headers: html });
      expect(answer.text, path).toContain('<title>Mooring</title>');
      expect(answer.headers.get('cache-control'), path).toBe('no-store');
      expect(answer.headers.get('content-security-policy'), path).toContain("script-src 'self'");
    }
  });

  test('its files are kept for ever, and a missing one is missing', async () => {
    const script = await api.request('GET', '/assets/app-1a2b.js');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-type')).toContain('text/javascript');
    expect((await api.request('GET', '/icon.svg')).headers.get('content-type')).toBe('image/svg+xml');
    for (const path of ['/assets/none.js', '/v1/none', '/ui/none', '/assets/..%2f..%2fsecret.txt']) {
      expect((await api.request('GET', path, { headers: html })).status, path).toBeGreaterThanOrEqual(400);
    }
    expect((await api.request('GET', '/..%2fsecret.txt', { headers: html })).text).not.toContain('outside');
    expect(await api.request('GET', '/channels', { headers: { accept: 'application/json' } })).toMatchObject({
      status: 404,
      json: { code: 'not_found' },
    });
  });

  test('under another of our names a connect page goes to the public one, where its cookie counts', async () => {
    const { port } = new URL(api.url);
    const answer = await fetch(`http://localhost:${port}/connect/abc?x=1`, { headers: html, redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(`${api.url}/connect/abc?x=1`);
  });
});
