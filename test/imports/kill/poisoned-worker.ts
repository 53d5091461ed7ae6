import { NativeConnection } from '@temporalio/worker';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { readConfig } from '../../../runtime/config.ts';
import { createContext } from '../../../runtime/context.ts';
import { createWorkers } from '../../../temporal-workers.ts';
import { connectionOptions } from '../../../runtime/temporal.ts';
import { dyingOf } from './poison.ts';

/** A worker process with all that a worker does, which dies by SIGKILL the moment it reads the message in `POISON`. */
const config = readConfig(process.env as Record<string, string>);
const context = dyingOf(await createContext('worker', config), process.env['POISON']);
const connection = await NativeConnection.connect(connectionOptions(config.temporal) as NativeConnectionOptions);
const workers = await createWorkers(context, connection);
await Promise.all(workers.map((worker) => worker.run()));
