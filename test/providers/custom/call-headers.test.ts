import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../../domain/secret.ts';
import { createProviders } from '../../../providers/registry.ts';
import { readConfig } from '../../../runtime/config.ts';
import { secret } from '../../support/minting.ts';
import { environmentWith, GOOD } from './good-file.ts';

test('a header of a file takes the place of one of ours, in any case of its name', async () => {
  const accepted: string[][] = [];
  const server = createServer(({ rawHeaders }, response) => {
    accepted.push(rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'accept'));
    response.end(JSON.stringify({ id: 7, email: 'ana@desk.example' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const file = GOOD.replace('  id: id', '  headers: {Accept: application/vnd.desk+json}\n  id: id');
  const environment = {
    ...environmentWith({ 'desk.yaml': file }),
    DESK_CLIENT_ID: 'client',
    DESK_CLIENT_SECRET: secret('client-secret'),
    DESK_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  const provider = createProviders(readConfig(environment).providers).get('desk');
  const access = {
    kind: 'token',
    mailbox: null,
    context: {},
    accessToken: new Secret(secret('access-token')),
  } as const;
  const session = await provider!.openSession(access, AbortSignal.timeout(20_000));
  expect((await session.identify()).account.email).toBe('ana@desk.example');
  expect(accepted).toEqual([['application/vnd.desk+json']]);
});
