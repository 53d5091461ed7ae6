import type { Mooring } from './mooring.ts';
import { secret } from './minting.ts';

export const PASSWORD = secret('password');

/** What a person does with a link, over the calls that the page makes: signs in, and is done. */
async function followLink({ run, sandbox }: Mooring, url: string, accessType: string, email: string): Promise<void> {
  const page = new URL(url);
  let cookie = '';
  const step = async (target: string, body?: object): Promise<Response> => {
    const answer = await fetch(new URL(target, run.api), {
      method: body ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie, origin: page.origin, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    cookie = [cookie, ...answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')]
      .filter(Boolean)
      .join('; ');
    if (answer.status >= 400) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  if (accessType === 'imap' || accessType === 'exchange') {
    const { host, port, security } = run.sandbox?.imap ?? {};
    const server = accessType === 'imap' ? { host, port, security } : { url: run.sandbox?.exchange?.url };
    await step(`${page.pathname}/password`, {
      access_type: accessType,
      username: email,
      password: PASSWORD,
      ...server,
    });
    return;
  }
  const asked = await step(`${page.pathname}/authorize`, { access_type: accessType });
  const { authorization_url } = (await asked.json()) as { authorization_url: string };
  const back = new URL(await sandbox.consent(authorization_url, email));
  await step(`${back.pathname}${back.search}`);
}

interface Signing {
  accessType: keyof typeof PROVIDERS;
  email: string;
}
const PROVIDERS = { gmail: 'google', imap: 'imap', microsoft: 'microsoft', exchange: 'exchange' } as const;

/** Connects an account of the sandbox; answers with the channel's id. */
export async function connectOverApi(mooring: Mooring, { accessType, email }: Signing): Promise<string> {
  await mooring.sandbox.account(PROVIDERS[accessType], email, { password: PASSWORD });
  const link = { tenant: 'acme', access_types: [accessType] };
  const { id, url } = await mooring.call<{ id: string; url: string }>('POST', '/v1/links', link);
  await followLink(mooring, url, accessType, email);
  const { result } = await mooring.call<{ result: { channel: string } }>('GET', `/v1/links/${id}`);
  return result.channel;
}

/** Signs in again at a channel, which imports what it missed. */
export async function reauthorizeOverApi(mooring: Mooring, channel: string, signing: Signing): Promise<void> {
  const path = `/v1/channels/${channel}/reauthorize-links`;
  const { url } = await mooring.call<{ url: string }>('POST', path, {});
  await followLink(mooring, url, signing.accessType, signing.email);
}
