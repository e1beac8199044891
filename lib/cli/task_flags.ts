/**
 * The flags that the pipeline's tasks share.
 *
 * @module
 */

import type { NumberFlag, StringFlag } from "./command.ts";
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

/** The row of a task's flag table for how long to wait for Kafka and the registry. */
export const TIMEOUT_FLAG = {
  type: "number",
  value: "SECONDS",
  description: "how long to wait for Kafka and the registry at the start",
  default: 30,
  min: 0,
  max: 86_400,
} as const satisfies NumberFlag;

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

/** A line may contain text of a server: its line breaks are escaped too. */
function noteLine(line: string): void {
  note(escapeUnsafe(line));
}

/** Turns the flags that every task shares into the clients' options. Waits are announced on stderr. */
export function clientOptions(
  flags: { readonly timeout: number; readonly debug: boolean },
  config: Config,
): KafkaOptions & WaitOptions {
  return {
    diagnose: (outage) =>
      outage instanceof OutageError && outage.code === "registry-unreachable"
        ? diagnoseRegistry(config)
        : diagnoseKafka(config),
    timeoutMs: flags.timeout * 1_000,
    notify: noteLine,
    ...(flags.debug ? { log: noteLine } : {}),
  };
}
