/**
 * The flags that the pipeline's tasks share.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import {
  BROKERS_VARIABLE,
  type Config,
  type ConfigFlags,
  DEFAULT_CONFIG,
  REGISTRY_VARIABLE,
  resolveConfig,
} from "../settings/config.ts";
import {
  DATABASE_VARIABLE,
  type DatabaseSettings,
  DEFAULT_DATABASE_PATH,
  resolveDatabase,
} from "../settings/database.ts";
import type { KafkaOptions } from "../kafka/client.ts";
import type { WaitOptions } from "../base/retry.ts";
import { diagnoseKafka } from "../operate/kafka_diagnosis.ts";
import { diagnoseRegistry } from "../operate/registry_diagnosis.ts";
import { OutageError } from "../base/errors.ts";
import { escapeUnsafe } from "../base/terminal_text.ts";
import { integerFlag, numberFlag, switchFlag, textFlag } from "./flags.ts";
import { note } from "./output.ts";

/** The rows of a task's flag table for {@linkcode ConfigFlags}. */
export const CONFIG_FLAGS = {
  brokers: textFlag(
    "HOST:PORT,…",
    `Kafka's brokers; ${DEFAULT_CONFIG.brokers.join(",")} by default`,
    { env: BROKERS_VARIABLE },
  ),
  registry: textFlag(
    "URL",
    `the Schema Registry; ${DEFAULT_CONFIG.registryUrl} by default`,
    { env: REGISTRY_VARIABLE },
  ),
};

/** The row of a task's flag table for output that a program reads. */
export const JSON_FLAG = switchFlag("print one JSON object a line");

/** The row of a task's flag table for the opening and closing lines alone. */
export const QUIET_FLAG = switchFlag("leave out the lines for each event");

/** The row of a task's flag table for one partition of a topic. */
export const PARTITION_FLAG = integerFlag("N", "only this partition", {
  min: 0,
  max: 2 ** 31 - 1,
});

/** The row of a task's flag table for an end by itself. */
export const IDLE_EXIT_FLAG = numberFlag(
  "SECONDS",
  "stop when nothing came for so long",
  { min: 0.1, max: 86_400 },
);

/** The rows of a task's flag table for {@linkcode connectionFrom}. */
export const CONNECTION_FLAGS = {
  timeout: numberFlag(
    "SECONDS",
    "how long to wait at the start for what is away",
    { default: 30, min: 0, max: 86_400 },
  ),
  ...CONFIG_FLAGS,
};

/** Resolves where Kafka and the registry are, and how the connections are secured. Warnings go to stderr. */
export function configFrom(flags: ConfigFlags): Config {
  return resolveConfig(flags, {
    warn: noteLine,
    sources: { brokers: "--brokers", registry: "--registry" },
  });
}

/**
 * Finds a file that the command line names: its path is relative to where `deno task` was called, and the task itself runs in the
 * checkout's folder. `-` is standard input.
 */
export function inputPath(path: string): string {
  const folder = Deno.env.get("INIT_CWD");
  return path === "-" || !folder || isAbsolute(path)
    ? path
    : join(folder, path);
}

/** The row of a task's flag table for {@linkcode databaseFrom}. */
export const DATABASE_FLAG = textFlag(
  "PATH|URL",
  `the store's database: a file (SQLite) or postgres://USER@HOST:PORT/NAME; ${DEFAULT_DATABASE_PATH} by default`,
  { env: DATABASE_VARIABLE },
);

/** Resolves which database a flag or the environment names. Warnings go to stderr. */
export function databaseFrom(named: string | undefined): DatabaseSettings {
  const isUrl = named?.includes("://");
  return resolveDatabase(isUrl ? named : named && inputPath(named), {
    warn: noteLine,
    source: "--database",
  });
}

/** Prints a warning or an announcement. It may contain text of a server: its line breaks are escaped too. */
export function noteLine(line: string): void {
  note(escapeUnsafe(line));
}

/** Where Kafka and the registry are, and the options of their clients. */
export interface Connection extends KafkaOptions, WaitOptions {
  readonly config: Config;
}

/** Resolves where Kafka and the registry are and how long to wait for them. Waits are announced on stderr. */
export function connectionFrom(
  flags: ConfigFlags & { readonly timeout: number; readonly debug: boolean },
): Connection {
  const config = configFrom(flags);
  return {
    config,
    diagnose: (outage) =>
      outage instanceof OutageError && outage.code === "registry-unreachable"
        ? diagnoseRegistry(config)
        : diagnoseKafka(config),
    timeoutMs: flags.timeout * 1_000,
    notify: noteLine,
    ...(flags.debug ? { log: noteLine } : {}),
  };
}
