/**
 * Who stores events in a database: this project, and a plain script.
 *
 * @module
 */

import { checkoutFolder } from "../../lib/engine/paths.ts";
import { PostgresServer, whyNoPostgres } from "../support/postgres_server.ts";
import type { Contender } from "./contender.ts";
import { denoClient, taskCommand } from "./contenders.ts";

/** An empty database. Disposing of it removes it. */
interface EmptyDatabase extends AsyncDisposable {
  /** The file's path, or the URL with user and password. */
  readonly database: string;
  /** The server's address; none for a file. */
  readonly reach: readonly string[];
}

async function emptyFile(): Promise<EmptyDatabase> {
  await Deno.mkdir(`${checkoutFolder()}/.data`, { recursive: true });
  const database = `.data/bench-${crypto.randomUUID()}.db`;
  return {
    database,
    reach: [],
    async [Symbol.asyncDispose]() {
      for (const end of ["", "-wal", "-shm"]) {
        await Deno.remove(`${checkoutFolder()}/${database}${end}`)
          .catch(() => {});
      }
    },
  };
}

async function emptyOnServer(server: PostgresServer): Promise<EmptyDatabase> {
  const name = await server.create();
  return {
    database: server.env(name)["DATABASE_URL"] ?? "",
    reach: [`127.0.0.1:${server.port}`],
    [Symbol.asyncDispose]: () =>
      server.run(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** The names in tables. */
export const STORE_TITLES = ["this project", "a plain script"] as const;
const [PROJECT, SCRIPT] = STORE_TITLES;

function thisProject({ database, reach }: EmptyDatabase): Contender {
  return {
    id: "pipeline",
    title: PROJECT,
    measures: new Set(["store"]),
    share: 1,
    processed: /Total events stored: (\d+)/,
    command(stage, { topic, group, count }) {
      const command = taskCommand(stage, "store", [
        `--topic=${topic}`,
        `--group=${group}`,
        `--count=${count}`,
        "--quiet",
      ], reach);
      return { ...command, env: { ...command.env, DATABASE_URL: database } };
    },
  };
}

function plainScript({ database }: EmptyDatabase): Contender {
  return denoClient("plain_store", {
    id: "plain",
    title: SCRIPT,
    measures: new Set(["store"]),
    share: 1,
  }, { database });
}

/** A kind of database, and who stores events in it. */
export interface StoreKind {
  /** The kind's name. */
  readonly name: string;
  /** Makes an empty database. */
  readonly makeDatabase: () => Promise<EmptyDatabase>;
  /** Makes the contenders, which store in it. */
  readonly contenders: readonly ((database: EmptyDatabase) => Contender)[];
}

/** The kinds of databases, and the server that one of them needs. Disposing of it ends the server. */
export class Stores implements AsyncDisposable {
  readonly #server: PostgresServer | undefined;

  private constructor(server: PostgresServer | undefined) {
    this.#server = server;
  }

  /**
   * Starts a server, if one is installed.
   *
   * @returns The kinds of databases.
   */
  static async open(): Promise<Stores> {
    return new Stores(
      whyNoPostgres ? undefined : await PostgresServer.launch(),
    );
  }

  /** The kinds of databases. */
  get kinds(): readonly StoreKind[] {
    const server = this.#server;
    const contenders = [thisProject, plainScript];
    return [
      { name: "SQLite", makeDatabase: emptyFile, contenders },
      ...(server
        ? [{
          name: "PostgreSQL",
          makeDatabase: () => emptyOnServer(server),
          contenders,
        }]
        : []),
    ];
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
