import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { encodeFolderName } from '../../sandbox/imap/wire/modified-utf7.ts';

const DOVECOT = '/usr/sbin/dovecot';

/**
 * False where no Dovecot is installed (Debian: `apt-get install dovecot-imapd`): tests that need it skip themselves.
 */
export const dovecotInstalled = existsSync(DOVECOT);

export interface DeliveredMail {
  messageId: string;
  uid: number;
  folder: string;
  raw: Buffer;
}

interface Settings {
  /** How they lie on disk; on the wire they are modified UTF-7 either way. */
  folderNames: 'utf-7' | 'utf-8';
  /** Of one user at once; a further login is refused. */
  mostConnections: number;
  /** Where access tokens are introspected (RFC 7662); null: only passwords open a mailbox. */
  introspectionUrl: string | null;
  /** The mechanisms that take them. */
  tokenMechanisms: string;
}

/**
 * A real Dovecot 2.3 of its own: its own folder, loopback ports, TLS under an authority of its own. Plain text logins
 * are refused before STARTTLS. Maildir, so messages can be looked at on disk.
 */
export class Dovecot {
  readonly host = '127.0.0.1';
  /** STARTTLS */
  readonly port: number;
  /** TLS from the first byte on */
  readonly tlsPort: number;
  /** The authority that signed its certificate, PEM. */
  readonly caFile: string;
  readonly #dir: string;
  readonly #folderNames: 'utf-7' | 'utf-8';
  readonly #passwords = new Map<string, string>();
  #process: ChildProcess | undefined;

  private constructor(
    dir: string,
    ports: { port: number; tlsPort: number },
    caFile: string,
    folderNames: 'utf-7' | 'utf-8',
  ) {
    this.#dir = dir;
    this.#folderNames = folderNames;
    this.port = ports.port;
    this.tlsPort = ports.tlsPort;
    this.caFile = caFile;
  }

  static async start({
    folderNames = 'utf-7',
    mostConnections = 10,
    introspectionUrl = null,
    tokenMechanisms = 'xoauth2 oauthbearer',
  }: Partial<Settings> = {}): Promise<Dovecot> {
    const dir = mkdtempSync(join(tmpdir(), 'mooring-dovecot-'));
    // Dovecot's processes run as other users where it is started by root.
    chmodSync(dir, 0o755);
    const { key, certificate, caFile } = await loadServerCertificate(join(dir, 'tls'));
    writeFileSync(join(dir, 'cert.pem'), certificate);
    writeFileSync(join(dir, 'key.pem'), key, { mode: 0o600 });
    mkdirSync(join(dir, 'users'));
    mkdirSync(join(dir, 'mail'));
    chmodSync(join(dir, 'mail'), 0o777);
    const ports = { port: await freePort(), tlsPort: await freePort() };
    const dovecot = new Dovecot(dir, ports, caFile, folderNames);
    if (introspectionUrl) writeFileSync(join(dir, 'oauth2.conf'), introspection(introspectionUrl));
    const settings = { folderNames, mostConnections, introspectionUrl, tokenMechanisms };
    writeFileSync(join(dir, 'dovecot.conf'), configuration(dir, ports, settings));
    await dovecot.resume();
    return dovecot;
  }

  /** Starts it (again) on the same folder and ports. */
  async resume(): Promise<void> {
    const child = spawn(DOVECOT, ['-F', '-c', join(this.#dir, 'dovecot.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true, // a process group of its own, to be ended with all its sessions
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    this.#process = child;
    for (let tries = 0; !(await accepts(this.port)); tries++) {
      if (child.exitCode !== null || tries > 100) throw new Error(`Dovecot did not start: ${complaint}${this.log()}`);
      await sleep(50);
    }
  }

  /** Ends it as an operator would; connections are closed. */
  async pause(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
    try {
      // Sessions outlive the master for a while.
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // None was left.
    }
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  log(): string {
    const file = join(this.#dir, 'dovecot.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /**
   * Adds the user, or changes the password. Open sessions go on, as they do on most servers. Dovecot looks at a file
   * once a second at most, so a change takes that long.
   */
  async setPassword(user: string, password: string): Promise<void> {
    const known = this.#passwords.has(user);
    this.#passwords.set(user, password);
    const file = join(this.#dir, 'users', user);
    writeFileSync(`${file}.new`, `${user}:{PLAIN}${password}::::::\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
    if (known) await sleep(1_100);
  }

  /** Numbers the inbox anew (UIDVALIDITY changes), as after a restored backup. No session may be open. */
  renumberInbox(user: string): void {
    const maildir = join(this.#dir, 'mail', user, 'Maildir');
    for (const file of readdirSync(maildir)) {
      if (/^dovecot(-uidlist$|\.index|\.list\.index)/.test(file)) rmSync(join(maildir, file), { recursive: true });
    }
  }

  /**
   * Puts messages straight into the maildir, as a mail transfer agent does; the folder must be there. Their times of
   * arrival are those of the files. Far quicker than APPEND, and the bytes are what they are.
   */
  fill(user: string, folder: string, mails: Iterable<{ raw: Buffer; receivedAt: Date }>): void {
    const maildir = join(this.#dir, 'mail', user, 'Maildir');
    const inFolder = folder === 'INBOX' ? maildir : join(maildir, `.${this.#onDisk(folder).replaceAll('/', '.')}`);
    for (const { raw, receivedAt } of mails) {
      const file = join(inFolder, 'new', `${receivedAt.getTime() / 1000}.${randomBytes(9).toString('hex')}.test`);
      writeFileSync(`${file}.part`, raw, { mode: 0o644 });
      utimesSync(`${file}.part`, receivedAt, receivedAt);
      renameSync(`${file}.part`, file);
    }
  }

  #onDisk(folder: string): string {
    return this.#folderNames === 'utf-8' ? folder : encodeFolderName(folder);
  }

  /** A connection of the mailbox's owner, for a test's changes on the server's side. */
  async as<Result>(user: string, work: (client: ImapFlow) => Promise<Result>): Promise<Result> {
    const client = new ImapFlow({
      host: this.host,
      port: this.tlsPort,
      secure: true,
      auth: { user, pass: this.#passwords.get(user) ?? '' },
      tls: { ca: readFileSync(this.caFile, 'utf8') },
      logger: false,
    });
    client.on('error', () => undefined); // the commands fail as well
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.logout();
    }
  }

  /** Appends messages; the folder is made when it is missing. */
  async deliver(
    user: string,
    count: number,
    { folder = 'INBOX', date = new Date(), size = 0 }: { folder?: string; date?: Date; size?: number } = {},
  ): Promise<DeliveredMail[]> {
    return await this.as(user, async (client) => {
      if (folder !== 'INBOX') await client.mailboxCreate(folder);
      const delivered: DeliveredMail[] = [];
      for (let i = 0; i < count; i++) {
        const messageId = `<${randomBytes(9).toString('hex')}@sender.example>`;
        const raw = composeMail(user, messageId, date, size);
        const appended = await client.append(folder, raw, [], date);
        if (!appended || appended.uid === undefined) throw new Error('APPEND was refused');
        delivered.push({ messageId, uid: appended.uid, folder, raw });
      }
      return delivered;
    });
  }
}

function composeMail(user: string, messageId: string, date: Date, size: number): Buffer {
  const head = [
    'From: Maya <maya@sender.example>',
    `To: <${user}>`,
    'Subject: Delivery window for Thursday',
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${messageId}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Schöne Grüße.',
    '',
  ].join('\r\n');
  const line = `${randomBytes(38).toString('hex')}\r\n`;
  return Buffer.from(head + line.repeat(Math.max(0, Math.ceil((size - head.length) / line.length))));
}

/** https://doc.dovecot.org/2.3/configuration_manual/authentication/oauth2/ */
function introspection(url: string): string {
  return `
introspection_mode = post
introspection_url = ${url}
username_attribute = email
active_attribute = active
active_value = true
`;
}

const tokenPassdb = (dir: string, mechanisms: string) => `passdb {
  driver = oauth2
  mechanisms = ${mechanisms}
  args = ${dir}/oauth2.conf
}`;

/** https://doc.dovecot.org/2.3/settings/core/ ; runs as root and as any other user. */
function configuration(
  dir: string,
  { port, tlsPort }: { port: number; tlsPort: number },
  { folderNames, mostConnections, introspectionUrl, tokenMechanisms }: Settings,
): string {
  const root = process.getuid?.() === 0;
  const own = userInfo().username;
  const [login, internal] = root ? ['dovenull', 'dovecot'] : [own, own];
  // Root may not own mail; 65534 is nobody on every Linux.
  const [uid, gid] = root ? [65_534, 65_534] : [process.getuid?.(), process.getgid?.()];
  return `
protocols = imap
listen = 127.0.0.1
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
default_login_user = ${login}
default_internal_user = ${internal}
first_valid_uid = 1
ssl = required
ssl_cert = <${dir}/cert.pem
ssl_key = <${dir}/key.pem
auth_mechanisms = plain login${introspectionUrl ? ` ${tokenMechanisms}` : ''}
auth_failure_delay = 0
mail_location = maildir:~/Maildir${folderNames === 'utf-8' ? ':UTF-8' : ''}
mail_max_userip_connections = ${mostConnections}
${introspectionUrl ? tokenPassdb(dir, tokenMechanisms) : ''}
passdb {
  driver = passwd-file
  args = username_format=%u ${dir}/users/%u
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${dir}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  ${mailbox('Sent', 'Sent')}${mailbox('Trash', 'Trash')}${mailbox('Junk', 'Junk')}${mailbox('Drafts', 'Drafts')}
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
service anvil {
  chroot =
  # No growing delays for the many refused logins of a test.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
}

function mailbox(name: string, use: string): string {
  return `mailbox ${name} {\n special_use = \\${use}\n auto = create\n}\n`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return (await new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy())) as boolean;
}
