/**
 * PostgreSQL as the store's database: stores on several machines share it.
 *
 * @module
 */

import postgres from "npm:postgres@3.4.9";
import {
  codeOf,
  explainCertificate,
  isCertificateProblem,
  isClientRefused,
} from "../base/certificate_errors.ts";
import {
  HandlerStop,
  InvalidEventError,
  messageOf,
  OutageError,
  PipelineError,
} from "../base/errors.ts";
import { redact } from "../base/secret.ts";
import type { PostgresSettings } from "../settings/database.ts";
import { tlsOptions } from "../settings/tls.ts";
import {
  type Database,
  type DatabaseAccess,
  type Insert,
  query,
  type Row,
  type Step,
  type Work,
} from "./database.ts";
import { insertSql, quoted, type TypeNames } from "./table.ts";

/** How long a connection may take to open, in seconds. Equals `connect_timeout`. */
const CONNECT_TIMEOUT_S = 10;
/** The default of the longest time of a transaction, in milliseconds. */
const TRANSACTION_TIMEOUT_MS = 30_000;

const TYPES: TypeNames = {
  text: "TEXT",
  integer: "BIGINT",
  boolean: "BOOLEAN",
  real: "DOUBLE PRECISION",
  json: "JSONB",
};

/** How a server's database is used. */
export interface PostgresOptions extends DatabaseAccess {
  /**
   * How long a transaction may take, in milliseconds. After that the server counts as away. It waits a third of that for a lock, or for the
   * transaction's next step. By default: `30000`.
   */
  readonly timeoutMs?: number;
}

/** How many blocks at a table's end are read first for its newest rows. PostgreSQL adds up to 64 at a time, which are empty at first. */
const NEWEST_BLOCKS = 128;

/** A database on a server. */
export class PostgresDatabase implements Database {
  /** The database's URL, without user and password. */
  readonly name: string;
  readonly types = TYPES;
  /** Reads the tables of the schema that new tables are made in. */
  readonly layoutSql =
    `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns WHERE table_schema = current_schema()`;
  /** Two stores that start at the same time must not both make a table. */
  readonly lockSql =
    "SELECT pg_advisory_xact_lock(hashtext('cafe-event-pipeline'))";
  readonly #settings: PostgresSettings;
  readonly #options: PostgresOptions;
  #sql: postgres.Sql;

  /** Makes it. It connects when it is used. */
  constructor(settings: PostgresSettings, options: PostgresOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    this.name = settings.url;
    this.#sql = connect(settings, options);
  }

  /** Runs a transaction: see {@linkcode Database.transaction}. */
  async transaction<T>(work: () => Work<T>): Promise<T> {
    const away = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      away.reject(
        new OutageError(`The database '${this.name}' does not answer`),
      );
    }, this.#options.timeoutMs ?? TRANSACTION_TIMEOUT_MS);
    const sql = this.#sql;
    try {
      const running = sql.begin(async (transaction) => {
        try {
          return await runSteps(transaction, work);
        } catch (error) {
          if (!OUTAGES.test(codeOf(error))) throw error;
          away.reject(error);
          // The client would roll back on a connection that has ended, and throw where nothing can catch it (porsager/postgres issue 1208).
          return await new Promise<never>(() => {});
        }
      });
      running.catch(() => {});
      return await Promise.race([running, away.promise]) as T;
    } catch (error) {
      const explained = this.#explain(error);
      // The connection may be dead, and the server not know it.
      if (explained instanceof OutageError && this.#sql === sql) {
        sql.end({ timeout: 0 }).catch(() => {});
        this.#sql = connect(this.#settings, this.#options);
      }
      throw explained;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Reads the rows that were added last: see {@linkcode Database.newest}. Where rows are only added, these are in the last blocks of
   * the table, which takes no index.
   */
  *newest(table: string, count: number): Work<readonly Row[]> {
    const [size] = yield* query(
      `SELECT pg_relation_size(CAST(? AS regclass)) / current_setting('block_size')::int AS blocks`,
      [quoted(table)],
    );
    const blocks = Number(size?.["blocks"]);
    for (let wanted = NEWEST_BLOCKS;; wanted *= 8) {
      const first = Math.max(0, blocks - wanted);
      const rows = yield* query(
        `SELECT * FROM ${quoted(table)} WHERE ctid >= CAST(? AS tid)`,
        [`(${first},0)`],
      );
      if (rows.length >= count || first === 0) return rows;
    }
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 1 });
  }

  /** Says what to do about an error of the server or the connection. Others are the work's own. */
  #explain(error: unknown): unknown {
    const { name } = this;
    const cause = error;
    if (error instanceof PipelineError) return error;
    const code = codeOf(error);
    const { hostname, port, password } = this.#settings;
    const reason = redact(messageOf(error), [password]);
    if (OUTAGES.test(code)) {
      return new OutageError(
        `The database '${name}' can't be reached: ${reason}`,
        { cause, code: "database-unreachable" },
      );
    }
    if (BUSY.test(code)) {
      return new OutageError(`The database '${name}' is busy: ${reason}`, {
        cause,
      });
    }
    if (error instanceof Deno.errors.NotCapable || DENIED.test(code)) {
      const address = `${hostname}:${port}`;
      return new PipelineError(`No permission to reach ${address}`, {
        cause,
        code: "database-permission",
        details: { address },
      });
    }
    if (isCertificateProblem(error) || isClientRefused(error)) {
      return explainCertificate(error, {
        holder: `the database '${name}'`,
        peer: `The database '${name}'`,
        prefix: "DATABASE_SSL",
      });
    }
    if (DATA.test(code)) {
      return new InvalidEventError(`The database refuses a value: ${reason}`, {
        cause,
      });
    }
    return error instanceof postgres.PostgresError
      ? new HandlerStop(`The database '${name}' refuses: ${reason}`, { cause })
      : error;
  }
}

/**
 * What a retry may remove, by SQLSTATE or the client's own code: the connection is lost; the server starts, stops, or has as many
 * connections as it takes; it is a standby just now, or has waited for a transaction's next step.
 */
const OUTAGES =
  /^(08...|57P0[1-5]|53300|25006|25P03|CONNECT(ION)?_\w+|ECONN\w+|EPIPE|ETIMEDOUT|E(HOST|NET)UNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** And that another transaction was in the way. */
const BUSY = /^(40001|40P01|55P03)$/;
/** Node's names for what Deno's permissions refuse. */
const DENIED = /^(EPERM|EACCES)$/;
/** The class of SQLSTATE for values. */
const DATA = /^22...$/;

function connect(
  settings: PostgresSettings,
  { readOnly = false, timeoutMs = TRANSACTION_TIMEOUT_MS }: PostgresOptions,
): postgres.Sql {
  const { hostname, port, database, user, password, tls } = settings;
  return postgres({
    host: hostname,
    port,
    database,
    user,
    pass: password?.reveal() ?? "",
    // Without the host, a certificate for localhost would do for any address that is not a name.
    ssl: tls ? { ...tlsOptions(tls), host: hostname } : false,
    // Steps of a transaction follow each other.
    max: 1,
    max_lifetime: null,
    connect_timeout: CONNECT_TIMEOUT_S,
    // The caller waits between tries.
    backoff: () => 0,
    fetch_types: false,
    onnotice: () => {},
    types: {
      // BIGINT and what sum() makes of it.
      whole: { to: 20, from: [20, 1700], serialize: String, parse: Number },
    },
    connection: {
      application_name: readOnly ? "cafe-dashboard" : "cafe-store",
      ...(readOnly && { default_transaction_read_only: true }),
      // A member that is frozen or cut off must not hold its locks, nor get one that it has given up, for as long as others wait.
      idle_in_transaction_session_timeout: Math.ceil(timeoutMs / 3),
      lock_timeout: Math.ceil(timeoutMs / 3),
    },
  } as postgres.Options<Record<string, postgres.PostgresType>>);
}

async function runSteps<T>(
  sql: postgres.TransactionSql,
  work: () => Work<T>,
): Promise<T> {
  const steps = work();
  let next = steps.next();
  while (!next.done) next = steps.next(await execute(sql, next.value));
  return next.value;
}

async function execute(
  sql: postgres.TransactionSql,
  step: Step,
): Promise<unknown> {
  if ("rows" in step) return await insertRows(sql, step);
  let count = 0;
  const text = step.sql.replaceAll("?", () => `$${++count}`);
  return await sql.unsafe(text, [...step.params], { prepare: true });
}

/** Adds all rows in one statement, which gets them as JSON: that takes less of the server's time than arrays of columns. */
async function insertRows(
  sql: postgres.TransactionSql,
  { table, rows, merge, returning }: Insert,
): Promise<string[]> {
  if (rows.length === 0) return [];
  const values = table.columns.map(({ type }, at) =>
    `CAST(row ->> ${at} AS ${TYPES[type]})`
  );
  const source = `SELECT ${
    values.join(", ")
  } FROM jsonb_array_elements(CAST(CAST($1 AS TEXT) AS JSONB)) AS row WHERE true`;
  const text = insertSql(table, source, merge) +
    (returning === undefined
      ? ""
      : ` RETURNING CAST(${quoted(returning)} AS TEXT) AS value`);
  const returned = await sql.unsafe(text, [JSON.stringify(rows)], {
    prepare: true,
  });
  return returned.map(({ value }) => value);
}
