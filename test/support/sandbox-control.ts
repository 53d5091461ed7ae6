import { personal } from './minting.ts';

export interface SandboxMessage {
  message_id: string;
  provider_id: string;
  folder: string;
}

export interface LoggedRequest {
  at: string;
  kind: string;
  status: number | null;
  email: string;
  grant_type?: string;
  operation?: string;
}

const account = (provider: string, email: string) => `/control/accounts/${provider}/${email}`;

/** The provider's side of the sandbox, over its control API. */
export function sandboxControl(base: string) {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : null) as T;
  };
  return {
    base,
    call,
    account: (provider: string, email: string, body: object = {}) => call('PUT', account(provider, email), body),
    /** Their subject is looked for in logs and histories when the suite is done. */
    deliver: async (provider: string, email: string, count: number, more: object = {}) => {
      const body = { count, subject: personal('subject'), ...more };
      return (await call<{ messages: SandboxMessage[] }>('POST', `${account(provider, email)}/messages`, body))
        .messages;
    },
    consent: async (authorizationUrl: string, email: string, more: object = {}) =>
      (
        await call<{ redirect_to: string }>('POST', '/control/consent', {
          authorization_url: authorizationUrl,
          email,
          ...more,
        })
      ).redirect_to,
    fault: (provider: string, email: string | null, fault: string, more: object = {}) =>
      call<{ id: string }>('POST', '/control/faults', { provider, ...(email ? { email } : {}), fault, ...more }),
    mend: (id: string) => call('DELETE', `/control/faults/${id}`),
    settings: (provider: string, body: object) => call('PUT', `/control/providers/${provider}`, body),
    setClock: (offsetSeconds: number) => call('PUT', '/control/clock', { offset_s: offsetSeconds }),
    requests: async (provider: string, kind: string, email?: string) =>
      (
        await call<{ data: LoggedRequest[] }>(
          'GET',
          `/control/requests?provider=${provider}&kind=${kind}${email ? `&email=${email}` : ''}`,
        )
      ).data,
  };
}
export type SandboxControl = ReturnType<typeof sandboxControl>;
