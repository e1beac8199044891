/**
 * Errors of kafkajs: outages, rebalances and refusals, and what each means.
 *
 * @module
 */

import { codeOf } from "../base/certificate_errors.ts";
import {
  causes,
  messageOf,
  OutageError,
  PipelineError,
  type PipelineErrorOptions,
} from "../base/errors.ts";
import type { Config } from "../settings/config.ts";
import { explainDenial, isDenial } from "./denial.ts";
import { addressOf } from "./probe.ts";

/** Tells whether a retry may help: a connection failed, was closed or timed out, or a broker answered that it is not ready yet. */
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
    // A plain error: the connection is open, and kafkajs doesn't know yet what the broker understands.
    if (cause.message === "Broker not connected") return true;
    // KafkaJSError: what has no class of its own, such as a rebalance that outlasted all retries.
    if (
      ["KafkaJSError", "KafkaJSProtocolError"].includes(cause.name) &&
      "retriable" in cause && cause.retriable === true
    ) {
      return true;
    }
  }
  return false;
}

/** The system's codes of a connection that was there. */
const BROKEN_CODES: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
]);

/** Tells whether a request may have been sent whose answer can't come any more: the broker may have done it, or do it later. */
export function isUnanswered(error: unknown): boolean {
  return [...causes(error)].some((cause) =>
    cause instanceof Error &&
    (cause.name === "KafkaJSConnectionClosedError" ||
      cause.name === "KafkaJSRequestTimeoutError" ||
      // A connection that could not be made has another code, and one that this program closed has none.
      cause.name === "KafkaJSConnectionError" &&
        (!("code" in cause && cause.code) ||
          BROKEN_CODES.has(String(cause.code))))
  );
}

/** Reads the code with which a broker answered, such as `MESSAGE_TOO_LARGE`; undefined if none did. */
export function protocolCodeOf(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    if (cause instanceof Error && "type" in cause) return String(cause.type);
  }
  return undefined;
}

/** Tells whether a broker's answer means that a topic has just been made, deleted or moved, and not all brokers know it yet. */
export function isStaleMetadata(error: unknown): boolean {
  return [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "LEADER_NOT_AVAILABLE",
    "NOT_LEADER_FOR_PARTITION",
    "FENCED_LEADER_EPOCH",
    "UNKNOWN_LEADER_EPOCH",
  ].includes(protocolCodeOf(error) ?? "");
}

/** Makes the error for partitions that have no leader. */
export function missingLeader(
  topic: string,
  partitions: readonly number[],
): OutageError {
  const [names, verb] = partitions.length === 1
    ? ["Partition", "has"]
    : ["Partitions", "have"];
  return new OutageError(
    `${names} ${partitions.join(", ")} of '${topic}' ${verb} no leader`,
    {
      hint:
        "No broker that has all its messages is up: start the one that is down.",
      code: "leader-missing",
    },
  );
}

/** Reads in which words a broker said that it can't do something now; undefined if the error comes from elsewhere. */
function answerIn(error: unknown): string | undefined {
  const chain = [...causes(error)].filter((cause) => cause instanceof Error);
  const plain = chain.find((cause) => cause instanceof PipelineError);
  return (plain ?? chain.find((cause) => "type" in cause))?.message;
}

/** Says that a wait for Kafka begins, and why, if a broker has said so. */
export function describeWait(config: Config, reason: unknown): string {
  const answer = answerIn(reason);
  return `Waiting for Kafka at ${config.brokers.join(",")}${
    answer ? `: ${answer}` : ""
  }...`;
}

/** Tells whether an error comes from a rebalance of the group, or from the loss of this member's place in it. kafkajs joins again. */
export function isRebalance(error: unknown): boolean {
  return [
    "REBALANCE_IN_PROGRESS",
    "ILLEGAL_GENERATION",
    "UNKNOWN_MEMBER_ID",
    "NOT_COORDINATOR_FOR_GROUP",
  ].includes(protocolCodeOf(error) ?? "");
}

/** Node's names for what Deno's permissions refuse. */
function isDenied(error: Error): boolean {
  return error instanceof Deno.errors.NotCapable ||
    ["EPERM", "EACCES"].includes(codeOf(error));
}

/** Where a connection failed: the broker, and whether it is one that only the cluster names. */
function failedBroker(
  chain: readonly Error[],
  config: Config,
): { readonly address: string; readonly advertised: boolean } | undefined {
  for (const error of chain) {
    if (!("broker" in error) || typeof error.broker !== "string") continue;
    // kafkajs writes an IPv6 address without brackets.
    const { host, port } = addressOf(error.broker);
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    return { address, advertised: !config.brokers.includes(address) };
  }
  return undefined;
}

/** What a broker refuses by a setting or for the sake of others: a retry doesn't help. */
const REFUSALS: Readonly<
  Record<string, readonly [string, PipelineErrorOptions]>
> = {
  INCONSISTENT_GROUP_PROTOCOL: [
    "the group has members that share out partitions by another protocol",
    { code: "group-protocol" },
  ],
  GROUP_MAX_SIZE_REACHED: [
    "the group has as many members as the broker takes (group.max.size)",
    { code: "group-full" },
  ],
  INVALID_SESSION_TIMEOUT: [
    "the session timeout is outside what the broker takes (group.min.session.timeout.ms, group.max.session.timeout.ms)",
    {},
  ],
};

/** Says in plain words what kafkajs threw. A {@linkcode PipelineError} among its causes is returned as it is. */
export function explainKafkaError(
  error: unknown,
  options: { readonly config: Config; readonly action: string },
): Error {
  const { config, action } = options;
  const chain = [...causes(error)].filter((cause) => cause instanceof Error);
  // kafkajs wraps what a codec throws.
  const plain = chain.find((cause) => cause instanceof PipelineError);
  if (plain) return plain;
  const brokers = config.brokers.join(",");
  const failed = failedBroker(chain, config);
  if (chain.some(isDenied)) {
    const address = failed?.address ?? brokers;
    return new PipelineError(
      `No permission to reach ${address}${
        failed?.advertised ? `, which Kafka at ${brokers} advertises` : ""
      }`,
      { cause: error, code: "net-permission", details: { address } },
    );
  }
  const denial = chain.find(isDenial);
  if (denial) return explainDenial(denial, { cause: error, config, action });
  if (isKafkaOutage(error)) {
    const answer = answerIn(error);
    if (answer) {
      return new PipelineError(
        `${action} failed: Kafka at ${brokers} is not ready: ${answer}`,
        { cause: error },
      );
    }
    return failed?.advertised
      ? new PipelineError(
        `${action} failed: Kafka at ${brokers} advertises a broker at ${failed.address}, which can't be reached`,
        {
          cause: error,
          hint:
            "Start that broker, or have it advertise an address that this machine reaches (advertised.listeners).",
        },
      )
      : new PipelineError(
        `${action} failed: Kafka can't be reached at ${brokers}`,
        { cause: error, code: "kafka-unreachable" },
      );
  }
  const [reason, refusal] = REFUSALS[protocolCodeOf(error) ?? ""] ??
    [messageOf(chain.at(-1) ?? error), {}];
  return new PipelineError(`${action} failed: ${reason}`, {
    ...refusal,
    cause: error,
  });
}
