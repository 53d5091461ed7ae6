import type { ImapFlow, MailboxObject } from 'imapflow';
import { execute, internals } from './flow-internals.ts';
import type { Token, Untagged } from './flow-internals.ts';
import type { StatusItems } from './list.ts';

/*
 * Commands that name a folder, by the bytes of its name: ImapFlow's own would encode the name anew, and another folder
 * may be called so.
 */

/** The name as it is sent: what is not plain goes as a literal, in which every byte may stand. */
export function nameToken(wire: string): Token {
  if (/^[A-Za-z0-9._/-]+$/.test(wire) && wire.toUpperCase() !== 'NIL') return { type: 'ATOM', value: wire };
  const isPrintable = /^[\x20-\x7e]*$/.test(wire);
  return isPrintable ? { type: 'STRING', value: wire } : { type: 'LITERAL', value: Buffer.from(wire, 'latin1') };
}

/** What is told of the folder of these items. Throws the server's refusal. */
export async function askStatus(flow: ImapFlow, wire: string, items: readonly string[]): Promise<StatusItems> {
  const told = new Map<string, string>();
  const STATUS = async ({ attributes = [] }: Untagged) => {
    const [, list] = attributes;
    const words = Array.isArray(list) ? list.map((token) => textOf(token)) : [];
    for (let i = 0; i + 1 < words.length; i += 2) told.set((words[i] ?? '').toUpperCase(), words[i + 1] ?? '');
  };
  const wanted = items.map((item) => ({ type: 'ATOM', value: item }));
  await execute(flow, ['STATUS', [nameToken(wire), wanted], { untagged: { STATUS } }]);
  return told;
}

/** Selects the folder, read-only (EXAMINE). Throws the server's refusal, after which no folder is selected. */
export async function selectReadOnly(flow: ImapFlow, wire: string): Promise<MailboxObject> {
  const inner = internals(flow);
  const codes = new Map<string, string>();
  let exists = 0;
  const untagged = {
    OK: async ({ attributes: [token = null] = [] }: Untagged) => {
      const [code = null, value = null] = sectionOf(token);
      codes.set(textOf(code).toUpperCase(), textOf(value));
    },
    EXISTS: async ({ command }: Untagged) => void (exists = Number(command)),
  };
  const attributes = [nameToken(wire)];
  // RFC 3501 section 6.3.1: a refusal leaves no folder selected either.
  inner.mailbox = false;
  inner.currentSelectCommand = false;
  inner.state = inner.states.AUTHENTICATED;
  let mailbox: MailboxObject | null = null;
  await execute(flow, ['EXAMINE', attributes, { untagged }], () => {
    const uidNext = numberIn(codes.get('UIDNEXT'));
    const uidValidity = codes.get('UIDVALIDITY') ?? '';
    mailbox = {
      path: wire,
      exists,
      readOnly: true,
      ...(uidNext === null ? {} : { uidNext }),
      ...(/^\d{1,19}$/.test(uidValidity) ? { uidValidity: BigInt(uidValidity) } : {}),
    } as MailboxObject;
    Object.assign(inner, { mailbox, state: inner.states.SELECTED });
    inner.currentSelectCommand = { command: 'EXAMINE', arguments: attributes };
  });
  if (mailbox === null) throw new Error('EXAMINE was answered, and selected nothing');
  return mailbox;
}

/** UIDs have 32 bits. */
const numberIn = (text: string | undefined) => (/^\d{1,10}$/.test(text ?? '') ? Number(text) : null);

function sectionOf(token: Token): (Token | null)[] {
  return token !== null && typeof token === 'object' && 'section' in token ? (token.section ?? []) : [];
}

function textOf(token: Token): string {
  return token !== null && typeof token === 'object' && 'value' in token ? token.value.toString() : '';
}
