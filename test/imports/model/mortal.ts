import type { Context } from '../../../runtime/context.ts';
import type { Database } from '../../../db/client.ts';

/** A process that dies at its n-th transaction: before it begins, after it has committed, or only its answer is lost. */
export interface Death {
  transaction: number;
  when: 'before' | 'after' | 'unheard';
}

export class Killed extends Error {}

/** Once its life is over, nothing of this process reaches the database. */
export function mortal(context: Context, life: { over: boolean }, death: Death | null): Context {
  let transactions = 0;
  const { database } = context;
  const dying: Database = {
    ...database,
    async inTenant(tenant, work) {
      const dies = ++transactions === death?.transaction;
      if (dies && death?.when === 'before') life.over = true;
      if (life.over) throw new Killed();
      const result = await database.inTenant(tenant, work);
      if (dies && death?.when === 'after') life.over = true;
      if (dies || life.over) throw new Killed();
      return result;
    },
  };
  return { ...context, database: dying };
}
