import type postgres from 'postgres';

/** A transaction of the database's owner that has done its work and stays open until the answer is called. */
export async function holdTransaction(
  owner: postgres.Sql,
  work: (tx: postgres.TransactionSql) => Promise<unknown>,
): Promise<() => Promise<void>> {
  const [done, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = owner.begin(async (tx) => {
    await work(tx);
    done.resolve();
    await released.promise;
  });
  await Promise.race([done.promise, holding]);
  return async () => {
    released.resolve();
    await holding;
  };
}
