import { endFormerAccesses } from '../../background/former-accesses.ts';
import { readConfig } from '../../runtime/config.ts';
import { createContext } from '../../runtime/context.ts';
import type { Temporal } from '../../runtime/temporal.ts';

/* A worker's sweep for former accesses, in a process of its own that dies where MOORING_KILL_AT says. */

const temporal = { lookAt: async () => {}, close: async () => {} } as unknown as Temporal;
const context = await createContext('worker', readConfig(), { temporal });
await endFormerAccesses(context);
await context.close();
