import { z } from 'zod';
import { defineProvider } from '../definition.ts';
import { createExchangeProvider } from './adapter.ts';

/** Offered always: its servers are named by the people who connect. */
export const exchange = defineProvider({
  name: 'exchange',
  variables: { EXCHANGE_AUTODISCOVER_URL: z.url().optional() },
  configure: ({ EXCHANGE_AUTODISCOVER_URL: autodiscoverUrl }, surroundings) => [
    createExchangeProvider({ ...surroundings, autodiscoverUrl }),
  ],
});
