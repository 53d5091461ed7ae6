import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { temporalOf } from '../../runtime/temporal.ts';
import { temporalLogging } from '../../runtime/temporal-log.ts';
import { keptLogger } from '../support/kept-log.ts';
import { startPump, startWorkers } from './engine.ts';
import { enterStage } from './stage.ts';

/**
 * A worker process with everything of webhooks, to be killed: `node worker-process.ts <database> <keys> <temporal>`.
 */
const [url = '', keysFile = '', address = ''] = process.argv.slice(2);
Runtime.install(temporalLogging(keptLogger('temporal')));
const stage = await enterStage(url, keysFile);
const client = new Client({ connection: Connection.lazy({ address }) });
const context = { ...stage, temporal: temporalOf(client, null, async () => {}) };
await startWorkers(await NativeConnection.connect({ address }), context);
startPump(context);
process.send?.('ready');
