/**
 * What kafkajs throws, sorted into outages, rebalances and refusals, and put in plain words.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import {
  causes,
  messageOf,
  OutageError,
  PipelineError,
} from "../base/errors.ts";
import { explainDenial, isDenial } from "./denial.ts";

/**
 * Tells whether an error means that Kafka can't be reached just now, so that trying again may help.
 *
 * @param error What kafkajs threw.
 * @returns Whether a connection failed, was closed or timed out, or a broker said that it is not ready yet.
 */
export function isKafkaOutage(error: unknown): boolean {
  const names = new Set([
    "KafkaJSConnectionError",
    "KafkaJSConnectionClosedError",
    "KafkaJSRequestTimeoutError",
    "KafkaJSBrokerNotFound",
    "KafkaJSNoBrokerAvailableError",
    "KafkaJSLockTimeout",
    "KafkaJSGroupCoordinatorNotFound",
  ]);
  for (const cause of causes(error)) {
    if (!(cause instanceof Error)) continue;
    if (cause instanceof OutageError) return true;
    if (isDenied(cause) || isDenial(cause)) return false;
    if (names.has(cause.name)) return true;
    // What kafkajs has no class for, such as "Broker not connected", or a rebalance that went on for all its tries.
    if (
      cause.name === "KafkaJSError" && "retriable" in cause &&
      cause.retriable === true
    ) {
      return true;
    }
    if (
      cause.name === "KafkaJSProtocolError" && "retriable" in cause &&
      cause.retriable === true
    ) {
      return true;
    }
  }
  return false;
}

/**
 * Reads which error of Kafka's protocol lies behind an error.
 *
 * @param error What kafkajs threw.
 * @returns Its name, such as `MESSAGE_TOO_LARGE`; nothing where no broker answered with one.
 */
export function protocolCodeOf(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    if (cause instanceof Error && "type" in cause) return String(cause.type);
  }
  return undefined;
}

/**
 * Tells whether an error means that the group shares out its partitions anew, or has given this member up: no failure, as
 * kafkajs joins again.
 *
 * @param error What kafkajs threw.
 * @returns Whether it is so.
 */
export function isRebalance(error: unknown): boolean {
  return [
    "REBALANCE_IN_PROGRESS",
    "ILLEGAL_GENERATION",
    "UNKNOWN_MEMBER_ID",
    "NOT_COORDINATOR_FOR_GROUP",
  ].includes(protocolCodeOf(error) ?? "");
}

/** Node's name for what Deno's permissions refuse. */
function isDenied(error: Error): boolean {
  return error instanceof Deno.errors.NotCapable ||
    ("code" in error && (error.code === "EPERM" || error.code === "EACCES"));
}

/**
 * Says in plain words what kafkajs threw.
 *
 * @param error What kafkajs threw; an error that is plain already is returned as it is.
 * @param config Where the brokers are.
 * @param action What was being done, to begin the sentence: `Creating the topic`.
 * @returns An error to print.
 */
export function explainKafkaError(
  error: unknown,
  config: Config,
  action: string,
): Error {
  const chain = [...causes(error)].filter((cause) => cause instanceof Error);
  // A codec's error comes wrapped: kafkajs meets it while it reads what Kafka answered.
  const plain = chain.find((cause) => cause instanceof PipelineError);
  if (plain) return plain;
  const brokers = config.brokers.join(",");
  if (
    chain.some(isDenied) ||
    chain.some((cause) => /\bEPERM\b/.test(cause.message))
  ) {
    return new PipelineError(
      `No permission to reach ${brokers}`,
      {
        cause: error,
        code: "net-permission",
        details: { address: brokers },
      },
    );
  }
  const denial = chain.find(isDenial);
  if (denial) return explainDenial(denial, error, config, action);
  if (isKafkaOutage(error)) {
    return new PipelineError(
      `${action} failed: Kafka can't be reached at ${brokers}`,
      {
        cause: error,
        code: "kafka-unreachable",
      },
    );
  }
  const last = chain.at(-1);
  return new PipelineError(`${action} failed: ${messageOf(last ?? error)}`, {
    cause: error,
  });
}
