import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareMachine } from '../machine.mjs';

const dir = mkdtempSync(join(tmpdir(), 'mooring-machine-'));
afterAll(() => rmSync(dir, { recursive: true }));
const READY = ['dovecot', 'pgbouncer', 'chromium', 'curl', 'mvn', 'java', 'openssl'];

/** A machine with these programs; apt-get and sudo note what they are asked, and fail if told to. */
function machine(name: string, programs: readonly string[], { isRoot = true, fails = false } = {}) {
  const folder = join(dir, name);
  const log = join(folder, 'asked');
  mkdirSync(folder);
  for (const program of programs) {
    const asked = `echo "${program} $*" >> ${log}; ${program === 'sudo' ? 'shift; exec "$@"' : ''}`;
    writeFileSync(join(folder, program), `#!/bin/sh\n${asked}\nexit ${fails ? 1 : 0}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  const said: string[] = [];
  const exists = (file: string) => file.startsWith(folder) && existsSync(file);
  const prepare = (more: Record<string, string> = {}) => {
    const environment = { PATH: `${folder}:/bin`, ...more };
    return prepareMachine({ environment, isRoot, isTerminal: false, exists, say: (line) => said.push(line) });
  };
  return { prepare, said, asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

const INSTALL = 'apt-get install -y --no-install-recommends dovecot-imapd pgbouncer maven default-jre-headless';
const HALF = ['chromium', 'curl', 'openssl'];

describe('a machine for the tests', () => {
  it('that has everything is left alone, silently', () => {
    const { prepare, said, asked } = machine('ready', [...READY, 'apt-get']);
    expect([prepare(), said, asked()]).toEqual([0, [], []]);
  });

  it('gets as root what it lacks, with a line that says so', () => {
    const { prepare, said, asked } = machine('root', [...HALF, 'apt-get']);
    expect(prepare()).toBe(0);
    expect(said).toEqual(['  Tests         installing dovecot-imapd, pgbouncer, maven, default-jre-headless']);
    expect(asked()).toEqual(['apt-get update -qq', INSTALL]);
  });

  it('gets it by sudo, which asks nothing where there is no terminal', () => {
    const { prepare, asked } = machine('sudo', [...HALF, 'apt-get', 'sudo'], { isRoot: false });
    expect(prepare()).toBe(0);
    expect(asked()).toEqual(['sudo -n apt-get update -qq', 'apt-get update -qq', `sudo -n ${INSTALL}`, INSTALL]);
  });

  it.each([
    ['without sudo', [...HALF, 'apt-get'], { isRoot: false }, `  sudo ${INSTALL}\n`],
    ['that is no Debian', HALF, { isRoot: false }, `  sudo ${INSTALL}\n`],
    ['whose apt-get fails', [...HALF, 'apt-get'], { fails: true }, `  ${INSTALL}\n`],
  ])('%s names the exact command, and starts nothing', (name, programs, more, command) => {
    const { prepare, said } = machine(name.replaceAll(' ', '-'), programs, more);
    expect(prepare()).toBe(1);
    expect(said.at(-1)).toContain(command);
    expect(prepare({ TESTS_LEFT_OUT: '1' })).toBe(0);
  });

  it('is prepared before anything is installed or started', () => {
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const name of ['test', 'ok']) expect(scripts[name]).toMatch(/^node test\/machine\.mjs && /);
  });
});
