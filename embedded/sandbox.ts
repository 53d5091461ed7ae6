import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessSpec } from './process.ts';

/** What the sandbox says of itself, in `sandbox.json` of its folder, once it is ready. */
export interface SandboxAddresses {
  pid: number;
  control: string;
  page: string;
  google?: {
    client_id: string;
    client_secret: string;
    authorization_url: string;
    token_url: string;
    revocation_url: string;
    userinfo_url: string;
    gmail_api_url: string;
    jwks_url: string;
    pubsub_topic: string;
    pubsub_service_account: string;
  };
  imap?: { host: string; port: number; security: string; ca_file: string };
  exchange?: { url: string };
}

/** How to run the simulated providers, their accounts in the state folder. */
export function sandboxSpec(options: {
  stateDir: string;
  port: number;
  /** Where its providers push news to. */
  pushTo: string;
  environment: Record<string, string>;
}): ProcessSpec {
  const dir = join(options.stateDir, 'sandbox');
  const main = join(import.meta.dirname, '..', 'sandbox', 'main.ts');
  return {
    title: 'Sandbox',
    command: process.execPath,
    args: [main, '--dir', dir, '--port', String(options.port), '--push-to', options.pushTo],
    environment: options.environment,
    logFile: join(options.stateDir, 'logs', 'sandbox.log'),
    async ready(child, signal) {
      while (readSandbox(options.stateDir)?.pid !== child.pid) await sleep(25, undefined, { signal });
    },
    readyTimeoutMs: 30_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5_000,
  };
}

/** `null` before its first start. */
export function readSandbox(stateDir: string): SandboxAddresses | null {
  try {
    return JSON.parse(readFileSync(join(stateDir, 'sandbox', 'sandbox.json'), 'utf8')) as SandboxAddresses;
  } catch {
    return null;
  }
}

/** The simulated providers in place of the real ones, where the person gave no client of their own. */
export function providerEnvironment(
  sandbox: SandboxAddresses,
  given: Record<string, string>,
  pushTo: string,
): Record<string, string> {
  const { google } = sandbox;
  if (!google || given['GOOGLE_CLIENT_ID']) return {};
  return {
    GOOGLE_CLIENT_ID: google.client_id,
    GOOGLE_CLIENT_SECRET: google.client_secret,
    GOOGLE_AUTHORIZATION_URL: google.authorization_url,
    GOOGLE_TOKEN_URL: google.token_url,
    GOOGLE_REVOCATION_URL: google.revocation_url,
    GOOGLE_USERINFO_URL: google.userinfo_url,
    GMAIL_API_URL: google.gmail_api_url,
    GOOGLE_JWKS_URL: google.jwks_url,
    GOOGLE_PUBSUB_TOPIC: google.pubsub_topic,
    GOOGLE_PUBSUB_AUDIENCE: `${pushTo}/google`,
    GOOGLE_PUBSUB_SERVICE_ACCOUNT: google.pubsub_service_account,
  };
}
