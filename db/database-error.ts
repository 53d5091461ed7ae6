import { DrizzleQueryError } from 'drizzle-orm';
import postgres from 'postgres';
import { codeOf, framesOf } from '../domain/redaction/error-record.ts';

/**
 * PostgreSQL, the driver or the connection refused a query. It names what it was about and holds no value: the driver's
 * own errors quote parameters, rows and the text of the query.
 */
export class DatabaseError extends Error {
  /** A SQLSTATE, or the driver's word; '' where there is neither. */
  readonly code: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly constraint: string | null;

  constructor(message: string, { code, table, column, constraint }: Facts) {
    const names = Object.entries({ table, column, constraint }).flatMap(([kind, name]) =>
      name ? `${kind} ${name}` : [],
    );
    const facts = [code, ...names].filter(Boolean).join(', ');
    super(facts === '' ? message : `${message} (${facts})`);
    this.name = 'DatabaseError';
    this.code = code;
    this.table = table;
    this.column = column;
    this.constraint = constraint;
  }
}

type Facts = Pick<DatabaseError, 'code' | 'table' | 'column' | 'constraint'>;

/** Awaits a query, or work with queries in it; an error of the database leaves as a `DatabaseError`. */
export async function withoutValues<T>(work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw cleaned(error);
  }
}

function cleaned(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!isOfDatabase(error)) {
    if (error.cause !== undefined) error.cause = cleaned(error.cause);
    return error;
  }
  const cause = error instanceof DrizzleQueryError && error.cause ? error.cause : error;
  if (cause instanceof DatabaseError) return cause;
  const clean = cause instanceof postgres.PostgresError ? ofPostgres(cause) : ofDriver(cause);
  // The frames of the outermost lead to the query; its message has the parameters.
  clean.stack = [`${clean.name}: ${clean.message}`, ...framesOf(error)].join('\n');
  return clean;
}

/** The driver puts the query and its parameters on every error of a query, those of the network too. */
function isOfDatabase(error: Error): boolean {
  if (error instanceof DrizzleQueryError || error instanceof postgres.PostgresError) return true;
  return 'query' in error && 'parameters' in error;
}

/**
 * Classes of SQLSTATE whose messages hold names and no values. 22 quotes the value that it refuses; a function's own
 * RAISE says anything.
 */
const PLAIN = /^(?:08|0A|23|25|28|2B|3D|3F|40|42|53|54|55|57|58)/;
/** Quotes the statement, which may be one with literals. */
const SYNTAX_ERROR = '42601';

function ofPostgres(error: postgres.PostgresError): DatabaseError {
  const isPlain = PLAIN.test(error.code) && error.code !== SYNTAX_ERROR && error.routine !== 'exec_stmt_raise';
  return new DatabaseError(isPlain ? error.message : 'PostgreSQL refused a query', {
    code: error.code,
    table: error.table_name ?? null,
    column: error.column_name ?? null,
    constraint: error.constraint_name ?? null,
  });
}

/** Node's own complaints about a parameter (`ERR_…`) quote it; the driver's and the network's name a server. */
function ofDriver(error: Error): DatabaseError {
  const code = codeOf(error);
  const isPlain = typeof code === 'string' && /^[A-Z_]+$/.test(code) && !code.startsWith('ERR_');
  const facts = { code: String(code ?? ''), table: null, column: null, constraint: null };
  return new DatabaseError(isPlain ? error.message : 'A query could not be sent', facts);
}
