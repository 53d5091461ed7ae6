import { expect } from 'vitest';
import { endFormerAccesses } from '../../background/former-accesses.ts';
import { Secret } from '../../domain/secret.ts';
import { locationOf } from '../api/links-of.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, idsOf } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import type { ApiAnswer } from '../support/api.ts';
import { secret } from '../support/minting.ts';

/** A way to sign in: an access type, and for tokens at a mail server whose they are. */
export interface Way {
  accessType: 'gmail' | 'microsoft' | 'exchange' | 'imap' | 'salesforce';
  /** The simulated provider that has the mailbox. */
  at: 'google' | 'microsoft' | 'exchange' | 'imap' | 'salesforce';
  oauth: boolean;
}

export const WAYS = {
  gmail: { accessType: 'gmail', at: 'google', oauth: true },
  microsoft: { accessType: 'microsoft', at: 'microsoft', oauth: true },
  exchange: { accessType: 'exchange', at: 'exchange', oauth: false },
  imap: { accessType: 'imap', at: 'imap', oauth: false },
  salesforce: { accessType: 'salesforce', at: 'salesforce', oauth: true },
  'imap of google': { accessType: 'imap', at: 'google', oauth: true },
  'imap of microsoft': { accessType: 'imap', at: 'microsoft', oauth: true },
} as const satisfies Record<string, Way>;
export type WayName = keyof typeof WAYS;

const PASSWORD = secret('password');

/** What a person and the product do to change the access of a channel, over HTTP alone. */
export function changing({ stage, api, links, sql }: RaisedApi) {
  const account = (name: WayName, email: string) => stage.sandbox.account(WAYS[name].at, email, { password: PASSWORD });

  const serverOf = (accessType: Way['accessType']) => {
    const { host, port, security } = stage.imap;
    return accessType === 'exchange' ? { url: stage.exchangeUrl } : { host, port, security };
  };

  /** Signs in at a link, as a person does; answers with the code of the failure, or null. */
  async function signIn(
    path: string,
    name: WayName,
    email: string,
    { browser = browse(api), server }: { browser?: ReturnType<typeof browse>; server?: object } = {},
  ): Promise<{ code: string | null; answer: ApiAnswer }> {
    const { accessType, at, oauth } = WAYS[name];
    if (!oauth) {
      const body = {
        access_type: accessType,
        username: email,
        password: PASSWORD,
        ...(server ?? serverOf(accessType)),
      };
      const answer = await browser('POST', `${path}/password`, body);
      return { code: answer.status === 200 ? null : (answer.json.code as string), answer };
    }
    const asked = { access_type: accessType, ...(accessType === 'imap' ? { provider: at } : {}) };
    const start = await browser('POST', `${path}/authorize`, asked);
    if (start.status !== 200) return { code: start.json.code as string, answer: start };
    const back = await stage.sandbox.consent(start.json.authorization_url, email);
    const answer = await browser('GET', back);
    return { code: locationOf(answer).searchParams.get('code'), answer };
  }

  async function connect(name: WayName, email: string, tenant = 'acme'): Promise<string> {
    await account(name, email);
    const link = await links.makeLink({ tenant, access_types: [WAYS[name].accessType] });
    const { code } = await signIn(link.path, name, email);
    expect(code).toBeNull();
    return (await links.resultOf(link.id)).channel as string;
  }

  const changeLink = (channelId: string, more: object = {}) =>
    links.reauthorizeLink(channelId, { purpose: 'change_access', ...more });

  /** Changes the access by a link of its own. */
  async function change(channelId: string, name: WayName, email: string, more: object = {}) {
    await account(name, email);
    const link = await changeLink(channelId, { access_types: [WAYS[name].accessType], ...more });
    return { ...(await signIn(link.path, name, email)), link };
  }

  const show = async (channelId: string) => (await api.call('GET', `/v1/channels/${channelId}`)).json;

  /** Puts there what the account of the same address at another provider holds. */
  const copy = (from: WayName, to: WayName, email: string, more: object = {}) =>
    stage.sandbox.call('POST', `/control/accounts/${WAYS[to].at}/${email}/messages`, {
      copy_from: WAYS[from].at,
      ...more,
    });

  async function runningImport(channelId: string): Promise<string> {
    const running = (await importing(stage.context).imports(channelId)).find(({ state }) => state === 'running');
    if (!running) throw new Error('no import runs');
    return running.id;
  }

  const stored = async (channelId: string) => idsOf(await importing(stage.context).stored(channelId));

  /** The hour of the way back is over. */
  const passHour = (channelId: string) => sql`
    update former_accesses set rests_until = now() - interval '1 second', ends_at = now() - interval '1 second'
    where channel_id = ${channelId}`;

  const endRests = () => endFormerAccesses(stage.context);

  /** How often a provider was asked to revoke a grant of an account. */
  const revocations = async (name: WayName, email: string) =>
    (await stage.sandbox.requests(WAYS[name].at, 'revoke', email)).length;

  return {
    /** Of every account. */
    password: new Secret(PASSWORD),
    account,
    signIn,
    connect,
    changeLink,
    change,
    show,
    copy,
    runningImport,
    stored,
    passHour,
    endRests,
    revocations,
    revert: (channelId: string) => api.call('POST', `/v1/channels/${channelId}/revert-access`),
    restingIn: async (channelId: string) =>
      (await sql`select * from former_accesses where channel_id = ${channelId} order by id`).length,
  };
}
