// Everything between a fresh clone and a running program, in plain JavaScript for Node 20: installs what
// package-lock.json names when it is not there, mends it as patches/ says, builds the web UI when its sources changed,
// then runs what it was given under the Node of node_modules. Says what it does on stderr, and nothing when there is
// nothing to do.
//
//   node bootstrap.mjs [script.ts | program] [arguments]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = dirname(fileURLToPath(import.meta.url));
const BIN = join(CHECKOUT, 'node_modules', '.bin');
const UI_BUILDS = { ui: join(CHECKOUT, 'dist', 'ui'), [join('ui', 'embed')]: join(CHECKOUT, 'dist', 'embed') };
const UI_RECORD = join(CHECKOUT, 'dist', 'ui.sources');
const ENVIRONMENT = {
  // Compiled code is kept for the next start: a quarter less to do until a process answers.
  NODE_COMPILE_CACHE: join(CHECKOUT, 'node_modules', '.cache', 'node'),
  ...process.env,
  PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}`,
};
const OLDEST_NODE = [22, 18];

try {
  if (!installed()) await step('Dependencies', 'installing, about a minute', install);
  (await import('./patches/apply.mjs')).applyPatches();
  if (!uiBuilt()) await step('Web UI', 'building', buildUi);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
const [program, ...args] = process.argv.slice(2);
if (program) run(program, args);

/** Whether node_modules is what the lock file says, by npm's own record of what it put there. */
function installed() {
  const record = packagesOf(join('node_modules', '.package-lock.json'));
  if (!record) return false;
  return Object.entries(packagesOf('package-lock.json') ?? {}).every(([path, wanted]) => {
    if (path === '') return true;
    return record[path] ? record[path].version === wanted.version : Boolean(wanted.optional || wanted.devOptional);
  });
}

function packagesOf(lockFile) {
  const file = join(CHECKOUT, lockFile);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : null;
}

/**
 * By the npm that runs us, the dev dependencies too: Node itself is one of them. Not `npm ci`, which refuses a lock
 * file that leaves out the binaries some registry lacks for other machines; this installs the same versions.
 */
async function install() {
  const npm = process.env.npm_execpath;
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await quietly(npm ? process.execPath : 'npm', npm ? [npm, ...args] : args);
}

function uiBuilt() {
  if (!existsSync(join(CHECKOUT, 'ui', 'vite.config.ts'))) return true;
  const isThere = Object.values(UI_BUILDS).every((folder) => existsSync(folder));
  return isThere && existsSync(UI_RECORD) && readFileSync(UI_RECORD, 'utf8') === uiSources();
}

async function buildUi() {
  const sources = uiSources();
  const vite = join(CHECKOUT, 'node_modules', 'vite', 'bin', 'vite.js');
  await Promise.all(Object.keys(UI_BUILDS).map((root) => quietly(nodeProgram(), [vite, 'build', root])));
  mkdirSync(dirname(UI_RECORD), { recursive: true });
  writeFileSync(UI_RECORD, sources);
}

/** A hash of what the build reads: the UI, the words it shares with the server, and the versions of its libraries. */
function uiSources() {
  const hash = createHash('sha256').update(readFileSync(join(CHECKOUT, 'package-lock.json')));
  for (const folder of ['ui', 'domain']) {
    const entries = readdirSync(join(CHECKOUT, folder), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(file.slice(CHECKOUT.length)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** The Node of node_modules; our own where that could not be installed and ours is new enough. */
function nodeProgram() {
  const pinned = join(BIN, 'node');
  if (existsSync(pinned)) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath;
  throw new Error(
    `Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}, and the one among the dependencies was not installed (npm must be let run its install script).`,
  );
}

/** Runs it in our place as far as Node can: same output, signals passed on, ends as it ended. */
function run(program, args) {
  const script = /\.[cm]?[jt]s$/.test(program);
  const child = script
    ? spawn(nodeProgram(), ['--disable-warning=ExperimentalWarning', program, ...args], {
        stdio: 'inherit',
        env: ENVIRONMENT,
      })
    : spawn(program, args, { stdio: 'inherit', env: ENVIRONMENT });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(`${program} cannot be run: ${error.message}`);
    process.exitCode = 127;
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** Runs a program without its output, which only matters when it fails. */
function quietly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: CHECKOUT,
      env: { ...ENVIRONMENT, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${said.trim()}\n\n${command} ${args.join(' ')} ended with ${code}.`)),
    );
  });
}

async function step(subject, doing, work) {
  const began = Date.now();
  process.stderr.write(`  ${subject.padEnd(13)} ${doing}\n`);
  await work();
  process.stderr.write(`  ${subject.padEnd(13)} ready  ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}
