import { readFile, writeFile } from 'node:fs/promises';
import { exportJWK, generateKeyPair, generateSecret } from 'jose';

interface KeysFile {
  sealing: { current: string; keys: { kid: string; d?: string }[] };
  content: { current: string; keys: { kid: string; k?: string }[] };
}

/** Writes what `change` makes of a keys file to another one, and answers with its path. */
export async function changedKeys(path: string, name: string, change: (file: KeysFile) => void): Promise<string> {
  const file = JSON.parse(await readFile(path, 'utf8')) as KeysFile;
  change(file);
  await writeFile(`${path}.${name}`, JSON.stringify(file));
  return `${path}.${name}`;
}

/** The keys file with `seal-ROUND` and `content-ROUND` in it as the current ones; `alone`: without the older ones. */
export async function newerKeys(path: string, round: number, { alone = false } = {}): Promise<string> {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
  const sealing = { ...(await exportJWK(pair.privateKey)), kid: `seal-${round}` };
  const content = {
    ...(await exportJWK(await generateSecret('A256GCMKW', { extractable: true }))),
    kid: `content-${round}`,
  };
  return changedKeys(path, `${round}${alone ? '-alone' : ''}`, (file) => {
    file.sealing = { current: sealing.kid, keys: [...(alone ? [] : file.sealing.keys), sealing] };
    file.content = { current: content.kid, keys: [...(alone ? [] : file.content.keys), content] };
  });
}

/** Only the current keys of a file. */
export function currentKeysAlone(path: string): Promise<string> {
  return changedKeys(path, 'current', ({ sealing, content }) => {
    sealing.keys = sealing.keys.filter(({ kid }) => kid === sealing.current);
    content.keys = content.keys.filter(({ kid }) => kid === content.current);
  });
}
