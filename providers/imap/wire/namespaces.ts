import type { ImapFlow, NamespacesObject } from 'imapflow';
import type { Namespace } from '../../../domain/access-type.ts';
import { isInbox } from './folder-names.ts';
import { execute, internals } from './flow-internals.ts';
import type { Token, Untagged } from './flow-internals.ts';

/**
 * Has ImapFlow ask for the namespaces (RFC 2342) with a command of ours: at `NIL NIL NIL` its own fails in the middle
 * and sends nothing more. A server without NAMESPACE, or without a usable answer, has no namespaces.
 */
export function readNamespacesOurselves(flow: ImapFlow): void {
  const inner = internals(flow);
  inner.commands = new Map(inner.commands).set('NAMESPACE', async () => {
    // Names are the server's own: ImapFlow puts no prefix before them.
    inner.namespace = { prefix: '', delimiter: null };
    if (!flow.capabilities.has('NAMESPACE')) return inner.namespace;
    let told: Token[] = [];
    const NAMESPACE = async ({ attributes = [] }: Untagged) => void (told = attributes);
    try {
      await execute(flow, ['NAMESPACE', false, { untagged: { NAMESPACE } }]);
    } catch (error) {
      const { responseStatus: status, responseText: text } = error as {
        responseStatus?: string;
        responseText?: string;
      };
      if (status === undefined) throw error;
      return { error: true, status, text };
    }
    const [personal = [], other = [], shared = []] = told.map((one) => prefixesIn(one));
    if (personal.length > 0) inner.namespaces = { personal, other, shared };
    return inner.namespace;
  });
}

function prefixesIn(told: Token): NonNullable<NamespacesObject['personal']> {
  if (!Array.isArray(told)) return [];
  return told.flatMap((pair) => {
    const [prefix, delimiter = null] = Array.isArray(pair) ? pair : [];
    const name = textOf(prefix ?? null);
    const sign = textOf(delimiter) ?? '';
    return name === null ? [] : [{ prefix: name === '' || name.endsWith(sign) ? name : name + sign, delimiter: sign }];
  });
}

/** ImapFlow has decoded the line as UTF-8; names are compared by their bytes. */
function textOf(token: Token): string | null {
  if (token === null || typeof token === 'string' || Array.isArray(token)) return null;
  return Buffer.from(token.value).toString('latin1');
}

/**
 * Whether a folder lies in one of the wanted namespaces: the longest prefix decides. The inbox always does. Without a
 * usable answer every folder is the mailbox's own.
 */
export function isWanted(
  wire: string,
  namespaces: NamespacesObject | undefined,
  wanted: readonly Namespace[] | undefined,
): boolean {
  if (isInbox(wire) || !namespaces) return true;
  const lengthIn = (kind: Namespace) => {
    const prefixes = (namespaces[kind] || []).map(({ prefix }) => prefix);
    return Math.max(-1, ...prefixes.filter((prefix) => wire.startsWith(prefix)).map(({ length }) => length));
  };
  const [personal, other, shared] = [lengthIn('personal'), lengthIn('other'), lengthIn('shared')];
  const kind = personal >= Math.max(other, shared) ? 'personal' : other >= shared ? 'other' : 'shared';
  return kind === 'personal' || (wanted?.includes(kind) ?? false);
}
