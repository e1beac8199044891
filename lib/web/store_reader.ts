/**
 * Reading the store's database: it is opened when it is there, and again after it was away.
 *
 * @module
 */

import { type Database, query, type Work } from "../store/database.ts";
import { checkVersion, readTables } from "../store/migrations.ts";
import { connectDatabase } from "../store/store.ts";
import type { DatabaseSettings } from "../settings/database.ts";
import { type DaySnapshot, readDay } from "./order_day.ts";

/** How long PostgreSQL may take for a transaction, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Reads the store's database. */
export class StoreReader implements AsyncDisposable {
  readonly #settings: DatabaseSettings;
  #database: Database | undefined;
  #asked: Promise<unknown> = Promise.resolve();

  /** The database is opened when it is asked first. */
  constructor(settings: DatabaseSettings) {
    this.#settings = settings;
  }

  /**
   * Reads where the store stands: it changes with each batch that is stored.
   *
   * @returns A text that is another one whenever something was stored.
   * @throws {PipelineError} If the database can't be reached, holds nothing, or is of a newer version.
   */
  async version(): Promise<string> {
    return await this.#read(function* (database) {
      yield* checkVersion(database);
      return JSON.stringify(
        yield* query("SELECT topic, partition, next FROM positions"),
      );
    });
  }

  /**
   * Reads a day.
   *
   * @throws {PipelineError} If the database can't be reached, holds nothing, or is of a newer version.
   */
  async day(since: number): Promise<DaySnapshot> {
    return await this.#read((database) => readDay(database, since));
  }

  /** Reads when what was asked before is answered: a failure closes the database. */
  #read<T>(work: (database: Database) => Work<T>): Promise<T> {
    const answer = this.#asked.then(() => this.#readNow(work));
    this.#asked = answer.catch(() => {});
    return answer;
  }

  async #readNow<T>(work: (database: Database) => Work<T>): Promise<T> {
    const isOpen = this.#database !== undefined;
    try {
      const database = this.#database ??= await connectDatabase(
        this.#settings,
        { readOnly: true, timeoutMs: TIMEOUT_MS },
      );
      return await database.transaction(function* () {
        if (!isOpen) yield* readTables(database);
        return yield* work(database);
      });
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#asked;
    await this.#close();
  }

  async #close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close().catch(() => {});
  }
}
