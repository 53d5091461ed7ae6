import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { generate } from 'selfsigned';

/** What a TLS server needs, and the file with the authority that its clients have to trust. All PEM. */
export interface ServerCertificate {
  key: string;
  certificate: string;
  caFile: string;
}

const tenYearsMs = 10 * 365 * 86_400_000;
const oneDayMs = 86_400_000;

/**
 * The certificate of localhost, 127.0.0.1 and ::1, signed by an authority of its own, made at the first call and read
 * from `directory` afterwards. The authority's key is dropped once it has signed: nothing else can be signed with it.
 */
export async function loadServerCertificate(directory: string): Promise<ServerCertificate> {
  const caFile = join(directory, 'ca.pem');
  const serverFile = join(directory, 'server.pem');
  const existing = await readExisting(caFile, serverFile);
  if (existing) return existing;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await createAuthority();
  const server = await createServerCertificate(authority);
  await writeWhole(caFile, authority.cert, 0o644);
  // Written last: a folder with a server file is complete, and one without is made again.
  await writeWhole(serverFile, server.private + server.cert, 0o600);
  return { key: server.private, certificate: server.cert, caFile };
}

/** The certificate of every server of the sandbox: all have one authority. */
export function sandboxCertificate(dir: string): Promise<ServerCertificate> {
  return loadServerCertificate(join(dir, 'imap-tls'));
}

async function readExisting(caFile: string, serverFile: string): Promise<ServerCertificate | null> {
  try {
    const [pem, ca] = await Promise.all([readFile(serverFile, 'utf8'), readFile(caFile, 'utf8')]);
    const split = pem.indexOf('-----BEGIN CERTIFICATE-----');
    const certificate = pem.slice(split);
    const parsed = new X509Certificate(certificate);
    const usable = parsed.verify(new X509Certificate(ca).publicKey) && parsed.validToDate.getTime() > Date.now();
    return usable ? { key: pem.slice(0, split), certificate, caFile } : null;
  } catch {
    return null;
  }
}

function createAuthority() {
  return generate([{ name: 'commonName', value: 'Mooring sandbox authority' }], {
    ...lifetime(),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
}

function createServerCertificate(authority: { private: string; cert: string }) {
  return generate([{ name: 'commonName', value: 'localhost' }], {
    ...lifetime(),
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
}

function lifetime() {
  const now = Date.now();
  return {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A day back, for clients whose clock is a little behind.
    notBeforeDate: new Date(now - oneDayMs),
    notAfterDate: new Date(now + tenYearsMs),
  } as const;
}

async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, text, { mode });
  await rename(`${file}.new`, file);
}
