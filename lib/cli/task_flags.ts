/**
 * The flags that the pipeline's tasks share.
 *
 * @module
 */

import type { BooleanFlag, Flags, NumberFlag, StringFlag } from "./command.ts";
import {
  BROKERS_VARIABLE,
  type Config,
  type ConfigFlags,
  DEFAULT_CONFIG,
  REGISTRY_VARIABLE,
  resolveConfig,
} from "../settings/config.ts";
import type { KafkaOptions } from "../kafka/client.ts";
import type { WaitOptions } from "../base/retry.ts";
import { diagnoseKafka } from "../operate/kafka_diagnosis.ts";
import { diagnoseRegistry } from "../operate/registry_diagnosis.ts";
import { OutageError } from "../base/errors.ts";
import { escapeUnsafe } from "../base/terminal_text.ts";
import { note } from "./output.ts";

/** The rows of a task's flag table for {@linkcode ConfigFlags}. */
export const CONFIG_FLAGS = {
  brokers: {
    type: "string",
    value: "HOST:PORT,…",
    description: `Kafka's brokers; ${
      DEFAULT_CONFIG.brokers.join(",")
    } by default`,
    env: BROKERS_VARIABLE,
  },
  registry: {
    type: "string",
    value: "URL",
    description:
      `the Schema Registry; ${DEFAULT_CONFIG.registryUrl} by default`,
    env: REGISTRY_VARIABLE,
  },
} as const satisfies Record<keyof ConfigFlags, StringFlag>;

/** The row of a task's flag table for output that a program reads. */
export const JSON_FLAG = {
  type: "boolean",
  description: "print one JSON object a line",
} as const satisfies BooleanFlag;

/** The row of a task's flag table for the opening and closing lines alone. */
export const QUIET_FLAG = {
  type: "boolean",
  description: "leave out the lines for each event",
} as const satisfies BooleanFlag;

/** The row of a task's flag table for an end by itself. */
export const IDLE_EXIT_FLAG = {
  type: "number",
  value: "SECONDS",
  description: "stop when nothing came for so long",
  min: 0.1,
  max: 86_400,
} as const satisfies NumberFlag;

/** The rows of a task's flag table for {@linkcode connectionFrom}. */
export const CONNECTION_FLAGS = {
  timeout: {
    type: "number",
    value: "SECONDS",
    description: "how long to wait for Kafka and the registry at the start",
    default: 30,
    min: 0,
    max: 86_400,
  },
  ...CONFIG_FLAGS,
} as const satisfies Flags;

/**
 * Resolves where Kafka and the registry are, and how the connections are secured. Warnings go to stderr.
 *
 * @throws {UsageError} If a flag or a variable is wrong.
 */
export function configFrom(flags: ConfigFlags): Config {
  return resolveConfig(flags, {
    warn: noteLine,
    sources: { brokers: "--brokers", registry: "--registry" },
  });
}

/** Prints a warning or an announcement. It may contain text of a server: its line breaks are escaped too. */
export function noteLine(line: string): void {
  note(escapeUnsafe(line));
}

/** Where Kafka and the registry are, and the options of their clients. */
export interface Connection extends KafkaOptions, WaitOptions {
  /** Where they are. */
  readonly config: Config;
}

/**
 * Resolves where Kafka and the registry are and how long to wait for them. Waits are announced on stderr.
 *
 * @throws {UsageError} If a flag or a variable is wrong.
 */
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
