// Before anything else of `npm test`: gets the Debian packages that tests need and this machine lacks. In plain JavaScript
// for Node 20, because nothing is installed yet. Says nothing when nothing is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Packages of Debian, with the programs of which one has to be there. */
const NEEDED = {
  'dovecot-imapd': ['dovecot'],
  pgbouncer: ['pgbouncer'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  curl: ['curl'],
  maven: ['mvn'],
  'default-jre-headless': ['java'],
  openssl: ['openssl'],
};
/** Where packages put programs, whatever the PATH says. */
const ALWAYS = ['/usr/sbin', '/usr/bin'];

/** Returns the exit code: 0 when the tests may start. */
export function prepareMachine(machine) {
  const { environment, exists = existsSync, say = (line) => console.error(line) } = machine;
  const folders = [...(environment.PATH ?? '').split(delimiter), ...ALWAYS];
  const isThere = (program) => folders.some((folder) => exists(join(folder, program)));
  const missing = Object.keys(NEEDED).filter((name) => !NEEDED[name].some(isThere));
  if (missing.length === 0 || environment.TESTS_LEFT_OUT === '1') return 0;
  const sudo = machine.isRoot ? [] : machine.isTerminal ? ['sudo'] : ['sudo', '-n'];
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const canInstall = isThere('apt-get') && (machine.isRoot || isThere('sudo'));
  if (canInstall) {
    say(`  Tests         installing ${missing.join(', ')}${machine.isRoot ? '' : ' (sudo may ask for your password)'}`);
    if (run([...sudo, 'apt-get', 'update', '-qq'], environment) && run([...sudo, ...install], environment)) return 0;
  }
  say(`The tests need ${missing.join(', ')}. Install them first:

  ${[...(machine.isRoot ? [] : ['sudo']), ...install].join(' ')}

On another system install the same programs (${missing.flatMap((name) => NEEDED[name][0]).join(', ')}).
TESTS_LEFT_OUT=1 npm test leaves their tests out.`);
  return 1;
}

/** Without its output, which only matters when it fails; sudo asks at the terminal itself. */
function run([program, ...args], environment) {
  const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, stdio: ['inherit', 'pipe', 'pipe'] });
  if (status !== 0) console.error(error ? error.message : `${stdout}${stderr}`.trim());
  return status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { env: environment, stdin } = process;
  process.exitCode = prepareMachine({
    environment,
    isRoot: process.getuid?.() === 0,
    isTerminal: stdin.isTTY === true,
  });
}
