import postgres from 'postgres';
import { startApi } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import { linksOf } from './links-of.ts';

/** A stage with the API on it, what people do with links there, and the database as its owner sees it. */
export async function raiseApi() {
  const stage = await raiseStage();
  const api = await startApi(stage.context);
  const sql = postgres(stage.databaseUrl, { max: 4 });
  return {
    stage,
    api,
    sql,
    links: linksOf(stage, api),
    close: async () => {
      await sql.end();
      await api.close();
      await stage.close();
    },
  };
}
export type RaisedApi = Awaited<ReturnType<typeof raiseApi>>;
