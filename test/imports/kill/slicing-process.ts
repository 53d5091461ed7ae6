import { readConfig } from '../../../runtime/config.ts';
import { createContext } from '../../../runtime/context.ts';
import type { Temporal } from '../../../runtime/temporal.ts';
import { importing } from '../importing.ts';
import { dyingOf, dyingOfListing } from './poison.ts';

/**
 * A process of its own that imports as a worker does, one slice, and dies of the message in `POISON`, or of listing
 * more than `ABOVE` ids of the folder `FOLDER`.
 */
const { POISON, FOLDER, ABOVE, CHANNEL = '', IMPORT = '', ATTEMPT = '1' } = process.env;
const silent = { lookAt: async () => {}, close: async () => {} } as unknown as Temporal;
const context = await createContext('worker', readConfig(process.env as Record<string, string>), { temporal: silent });
const poisoned =
  FOLDER === undefined ? dyingOf(context, POISON) : dyingOfListing(context, { folder: FOLDER, above: Number(ABOVE) });
const answer = await importing(poisoned).slice(CHANNEL, IMPORT, Number(ATTEMPT));
process.stdout.write(JSON.stringify(answer));
await context.close();
