import { BadCommand } from './reply.ts';

/** RFC 3501 section 5.1.3: how a folder's name travels. */
export function encodeFolderName(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

/** The opposite; a name in plain UTF-8, as careless clients send it, is taken as it is. */
export function decodeFolderName(wire: string): string {
  return wire.replace(/&([^-]*)-?/g, (run, inner: string) => {
    if (!run.endsWith('-')) throw new BadCommand('Mailbox name is not valid mUTF-7');
    if (inner === '') return '&';
    const bytes = Buffer.from(inner.replaceAll(',', '/'), 'base64');
    if (bytes.length === 0 || bytes.length % 2 === 1) throw new BadCommand('Mailbox name is not valid mUTF-7');
    return bytes.swap16().toString('utf16le');
  });
}
