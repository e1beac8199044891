/**
 * Which database a store uses: a flag over the environment over the default.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";

/** A database in a file: SQLite. */
export interface FileDatabaseSettings {
  /** The file's path. */
  readonly path: string;
}

/** Which database, and how it is reached. */
export type DatabaseSettings = FileDatabaseSettings;

/** The environment variable that names the database. */
export const DATABASE_VARIABLE = "DATABASE_URL";

/** The file that is used unless another database is named. */
export const DEFAULT_DATABASE_PATH = ".data/cafe.db";

/**
 * Resolves which database to use.
 *
 * @param text What takes precedence over the environment: a path.
 * @returns The settings, checked.
 * @throws {UsageError} If it is neither.
 */
export function resolveDatabase(
  text: string = DEFAULT_DATABASE_PATH,
): DatabaseSettings {
  if (text.includes("://")) {
    throw new UsageError("A database is a file's path");
  }
  return { path: text };
}
