import { X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import express, { text } from 'express';
import { sandboxCertificate } from '../certificate.ts';
import { autodiscoverEndpoint } from './autodiscover.ts';
import { serve } from './endpoint.ts';
import { ewsEndpoint } from './ews.ts';
import { Connections } from './login/connections.ts';
import { channelBinding } from './login/ntlm.ts';
import type { ExchangeStore } from './store.ts';
import { FrontEnd } from './streaming/front-end.ts';
import { Subscriptions } from './streaming/subscriptions.ts';

const MAX_REQUEST = '80mb';

export interface RunningExchangeServer {
  readonly url: string;
  readonly autodiscoverUrl: string;
  readonly caFile: string;
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  close(): Promise<void>;
}

/** Listens with TLS alone: passwords come in the clear with Basic. */
export async function openExchangeServer(store: ExchangeStore): Promise<RunningExchangeServer> {
  const { deps } = store;
  const { key, certificate: cert, caFile } = await sandboxCertificate(deps.dir);
  const connections = new Connections();
  const subscriptions = new Subscriptions(deps);
  store.onChange((change) => subscriptions.tell(change));
  const binding = channelBinding(new X509Certificate(cert).raw);
  const service = { store, connections, binding, frontEnd: new FrontEnd(), subscriptions };
  const app = express().disable('x-powered-by').disable('etag');
  const server = createServer({ key, cert }, app as RequestListener);
  server.keepAliveTimeout = 120_000; // as IIS
  server.on('secureConnection', (socket) => connections.opened(socket));
  const origin = `https://127.0.0.1:${await deps.ports.listen(server, 'exchange')}`;
  const url = `${origin}/EWS/Exchange.asmx`;
  // The body of a refused request is read too, or the next request on its connection would be lost.
  app.use(text({ type: () => true, limit: MAX_REQUEST }));
  app.all('/EWS/Exchange.asmx', serve(service, ewsEndpoint(service)));
  app.post('/autodiscover/autodiscover.xml', serve(service, autodiscoverEndpoint(service, url)));
  return {
    url,
    autodiscoverUrl: `${origin}/autodiscover/autodiscover.xml`,
    caFile,
    connections,
    subscriptions,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      connections.hangUp(null);
      server.closeAllConnections();
      await closed;
    },
  };
}
