/**
 * Which database a store uses, and how it is reached: a flag over the environment over the default.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { Secret } from "../base/secret.ts";
import type { ConfigOptions } from "./config.ts";
import { SettingReader } from "./setting_reader.ts";
import { readTlsSettings, type TlsSettings, tlsVariables } from "./tls.ts";

/** A database in a file: SQLite. */
export interface FileDatabaseSettings {
  /** The file's path. */
  readonly path: string;
}

/** A database on a server: PostgreSQL. */
export interface PostgresSettings {
  /** The database's URL, without user, password and parameters. */
  readonly url: string;
  /** The server. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** The database's name. */
  readonly database: string;
  /** The user. */
  readonly user: string;
  /** The password. */
  readonly password?: Secret;
  /** Certificates; without them, the connection is not encrypted. */
  readonly tls?: TlsSettings;
}

/** Which database, and how it is reached. */
export type DatabaseSettings = FileDatabaseSettings | PostgresSettings;

/** How {@linkcode resolveDatabase} reads settings, and what receives its warnings. */
export interface DatabaseOptions
  extends Pick<ConfigOptions, "env" | "file" | "mode" | "warn"> {
  /** What errors call the database that is named. @default {"database"} */
  readonly source?: string;
}

/** The environment variable that names the database. */
export const DATABASE_VARIABLE = "DATABASE_URL";

/** The file that is used unless another database is named. */
export const DEFAULT_DATABASE_PATH = ".data/cafe.db";

const PASSWORD_VARIABLE = "DATABASE_PASSWORD";
const TLS_PREFIX = "DATABASE_SSL";

/** The values of `sslmode` with which a connection is encrypted. In this program, each also checks the server's certificate. */
const TLS_MODES = ["require", "verify-ca", "verify-full"];

/**
 * Resolves which database to use.
 *
 * @param named What takes precedence over the environment: a file's path, or a URL.
 * @throws {UsageError} If it is neither a path nor a URL of PostgreSQL, or the settings contradict each other.
 */
export function resolveDatabase(
  named?: string,
  options: DatabaseOptions = {},
): DatabaseSettings {
  const { warn = () => {}, source = "database" } = options;
  const reader = new SettingReader(options);
  const text = named ?? reader.text(DATABASE_VARIABLE) ?? DEFAULT_DATABASE_PATH;
  if (!text.includes("://")) return { path: text };
  const settings = readServer(text, {
    reader,
    source: named === undefined ? DATABASE_VARIABLE : source,
  });
  if (
    !settings.tls && settings.password &&
    !isLoopback(new URL(settings.url).hostname)
  ) {
    warn(
      "Warning: all events go over the network in plain text, and the password may be guessed from the login. " +
        "Add ?sslmode=verify-full to the database's URL.",
    );
  }
  for (const line of reader.warnings) warn(line);
  return settings;
}

function readServer(
  text: string,
  { reader, source }: {
    readonly reader: SettingReader;
    readonly source: string;
  },
): PostgresSettings {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || !url.hostname) {
    // What is not a URL may contain a password anywhere.
    throw new UsageError(
      `A database is a file's path or a postgres:// URL, in ${source}`,
    );
  }
  if (url.password && source !== DATABASE_VARIABLE) {
    throw new UsageError(
      `The database's URL may not contain a password, in ${source}`,
      {
        hint:
          `Command lines end up in histories and logs: use ${PASSWORD_VARIABLE}_FILE.`,
      },
    );
  }
  if (!url.username) {
    throw new UsageError(`The database's URL names no user, in ${source}`);
  }
  const user = decodeURIComponent(url.username);
  const port = Number(url.port || 5432);
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  const password = reader.secret(PASSWORD_VARIABLE) ??
    (url.password ? new Secret(decodeURIComponent(url.password)) : undefined);
  const tls = readTls(url, { reader, source });
  return {
    url: `postgres://${url.hostname}:${port}/${encodeURIComponent(database)}`,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    database,
    user,
    ...(password && { password }),
    ...(tls && { tls }),
  };
}

function readTls(
  url: URL,
  { reader, source }: {
    readonly reader: SettingReader;
    readonly source: string;
  },
): TlsSettings | undefined {
  for (const name of url.searchParams.keys()) {
    if (name === "sslmode") continue;
    throw new UsageError(
      `The database's URL has a parameter that is not supported, in ${source}: ${name}`,
      { hint: "Supported is sslmode." },
    );
  }
  const sslmode = url.searchParams.get("sslmode") ?? "disable";
  if (TLS_MODES.includes(sslmode)) return readTlsSettings(reader, TLS_PREFIX);
  if (sslmode !== "disable") {
    throw new UsageError(
      `sslmode is one of disable, ${
        TLS_MODES.join(", ")
      }, in ${source}: "${sslmode}"`,
    );
  }
  reader.refuse(tlsVariables(TLS_PREFIX), {
    reason: "the database's URL has no sslmode=verify-full",
  });
  return undefined;
}
