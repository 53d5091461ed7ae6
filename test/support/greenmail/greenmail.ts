import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { buildOnce } from '../../../embedded/machine-cache.ts';
import { findProgram, machineCacheDir } from '../../../embedded/machine-tools.ts';
import { freePort } from '../../../embedded/ports.ts';
import { runProgram } from '../../../embedded/run-program.ts';
import { secret } from '../minting.ts';

/** As in `pom.xml`. */
const VERSION = '2.1.8';
const environment = { ...process.env } as Record<string, string>;
const tools = { environment, cacheDir: machineCacheDir(environment), say: () => {} };
const [maven, java, openssl] = ['mvn', 'java', 'openssl'].map((name) => findProgram(name, tools));
export const greenMailAvailable = Boolean(maven && java && openssl);

/** The jar, from Maven once per machine. */
async function greenMailJar(): Promise<string> {
  const folder = await buildOnce(tools.cacheDir, `greenmail-${VERSION}`, async (part) => {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const pom = join(import.meta.dirname, 'pom.xml');
    const args = ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${part}`, '-DincludeTransitive=false'];
    await runProgram(maven ?? '', args, { environment });
  });
  return join(folder, `greenmail-standalone-${VERSION}.jar`);
}

/**
 * GreenMail with one account, over IMAP and SMTP by TLS from the first byte. It takes an access token where it is the
 * account's password.
 */
export async function startGreenMail(email: string, password: string) {
  const jar = await greenMailJar();
  const dir = mkdtempSync(join(tmpdir(), 'greenmail-'));
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  writeFileSync(join(dir, 'both.pem'), key + cert);
  const phrase = secret('password');
  const store = join(dir, 'keys.p12');
  const export12 = ['pkcs12', '-export', '-in', join(dir, 'both.pem'), '-out', store, '-passout', `pass:${phrase}`];
  execFileSync(openssl ?? '', export12, { stdio: 'ignore' });
  const [imapPort, smtpPort] = [await freePort(), await freePort()];
  const [local, domain] = email.split('@');
  const settings = {
    'imaps.port': imapPort,
    'imaps.hostname': '127.0.0.1',
    'smtps.port': smtpPort,
    'smtps.hostname': '127.0.0.1',
    users: `${local}:${password}@${domain}`,
    'users.login': 'email',
    'tls.keystore.file': store,
    'tls.keystore.password': phrase,
  };
  const properties = Object.entries(settings).map(([name, value]) => `-Dgreenmail.${name}=${value}`);
  const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m'];
  const child = spawn(java ?? '', [...quick, ...properties, '-jar', jar], { stdio: 'ignore' });
  return {
    imap: { kind: 'imap', host: '127.0.0.1', port: imapPort, security: 'tls' },
    smtp: { host: '127.0.0.1', port: smtpPort, security: 'tls' },
    certificate: cert,
    async stop() {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  } as const;
}
