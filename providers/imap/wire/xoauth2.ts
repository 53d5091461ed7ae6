import type { ImapFlow } from 'imapflow';
import { enhanceCommandError } from 'imapflow/lib/tools.js';
import type { Secret } from '../../../domain/secret.ts';
import { internals, isRefusal } from './flow-internals.ts';

/** ImapFlow decides by this that it has to authenticate with a token, and hands it to a command that does not take it. */
export const TOKEN_BY_COMMAND = 'by our own command';

/**
 * Has ImapFlow authenticate by XOAUTH2, as Google and Microsoft document it, with a command of ours: its own prefers
 * OAUTHBEARER, and drops the challenge that some servers send before they refuse a token. The error has both lines, the
 * tagged one last.
 */
export function authenticateWithToken(flow: ImapFlow, username: string, token: Secret): void {
  const inner = internals(flow);
  inner.commands = new Map(inner.commands).set('AUTHENTICATE', async () => {
    if (!flow.capabilities.has('AUTH=XOAUTH2')) throw noMechanism();
    const response = Buffer.from(`user=${username}\x01auth=Bearer ${token.reveal()}\x01\x01`).toString('base64');
    let challenge = '';
    const onPlusTag = async ({ attributes }: { attributes?: { value?: unknown }[] }) => {
      challenge = typeof attributes?.[0]?.value === 'string' ? `+ ${attributes[0].value}\r\n` : '';
      // An empty line, after which the server says what it decided.
      inner.write.call(flow, Buffer.alloc(0));
    };
    try {
      const words = [
        { type: 'ATOM', value: 'XOAUTH2' },
        { type: 'ATOM', value: response, sensitive: true },
      ];
      const answer = await inner.exec('AUTHENTICATE', words, { onPlusTag });
      answer.next();
      return username;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const refusal = await enhanceCommandError(error);
      const line = typeof refusal.response === 'string' ? refusal.response : '';
      throw Object.assign(refusal, { response: `${challenge}${line}` });
    }
  });
}

/** In the words that the error map knows: no other mechanism takes a token. */
const noMechanism = () =>
  Object.assign(new Error('the server offers no XOAUTH2'), { responseText: 'XOAUTH2 mechanism is not available' });
