import type { ImapFlow } from 'imapflow';
import { enhanceCommandError } from 'imapflow/lib/tools.js';
import type { Secret } from '../../../domain/secret.ts';
import { OAUTHBEARER, XOAUTH2 } from './bearer.ts';
import { internals, isRefusal } from './flow-internals.ts';

/** ImapFlow decides by this that it has to authenticate with a token, and hands it to a command that does not take it. */
export const TOKEN_BY_COMMAND = 'by our own command';

/**
 * Has ImapFlow authenticate by XOAUTH2, as Google and Microsoft document it, or by OAUTHBEARER at a server without it, with a
 * command of ours: its own drops the challenge that some servers send before they refuse a token. The error has both lines,
 * the tagged one last.
 */
export function authenticateWithToken(flow: ImapFlow, username: string, token: Secret): void {
  const inner = internals(flow);
  inner.commands = new Map(inner.commands).set('AUTHENTICATE', async () => {
    const mechanism = [XOAUTH2, OAUTHBEARER].find(({ name }) => flow.capabilities.has(`AUTH=${name}`));
    if (!mechanism) throw noMechanism();
    let challenge = '';
    const onPlusTag = async ({ attributes }: { attributes?: { value?: unknown }[] }) => {
      challenge = typeof attributes?.[0]?.value === 'string' ? `+ ${attributes[0].value}\r\n` : '';
      // A last line, after which the server says what it decided.
      inner.write.call(flow, Buffer.from(mechanism.afterChallenge));
    };
    try {
      const words = [
        { type: 'ATOM', value: mechanism.name },
        { type: 'ATOM', value: mechanism.response(username, token), sensitive: true },
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

/** The server offers neither mechanism that takes a token; said in the words that the error map knows. */
const noMechanism = () =>
  Object.assign(new Error('the server takes no token'), { responseText: 'XOAUTH2 mechanism is not available' });
