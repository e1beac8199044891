/**
 * What to do about an error on this command line: which flag to change, or which task to run. Errors below `cli/` know neither.
 *
 * @module
 */

import type { ErrorCode, ErrorDetails, PipelineError } from "../base/errors.ts";

const RIGHTS: Readonly<Record<NonNullable<ErrorDetails["resource"]>, string>> =
  {
    topic:
      "On the topic, `topic` needs Describe and Create, `produce` needs Write, `consume`, `store` and `peek` need Read, " +
      "`group show` needs Describe, `group reset` needs Read, `dlq replay` needs Write. " +
      "On the topic of its dead letters, `consume` and `store` need Create and Write, `dlq` needs Read, `dlq replay` also Write.",
    group:
      "On the group, `consume` and `store` need Read, `group show` needs Describe, `group reset` needs Read.",
    cluster:
      "`produce --idempotent` needs Write on the topic; `topic` needs Create there, or on the cluster.",
    "transactional id": "On the transactional id, a producer needs Write.",
  };

/** The topic that `deno task topic` creates by default. */
const DEFAULT_TOPIC = "demo";

const allowAddress = ({ address }: ErrorDetails, permissions: string) =>
  `Add ${address} to "permissions.${permissions}.net" in deno.json.`;

const ADVICE: Readonly<
  Record<ErrorCode, (details: ErrorDetails, permissions: string) => string>
> = {
  "answer-not-registry": () =>
    "Name the registry's full URL with --registry or SCHEMA_REGISTRY_URL, and check what lies between.",
  "file-format": ({ format }) => `Read it with --format ${format}.`,
  "database-permission": (details, permissions) =>
    details.address
      ? allowAddress(details, permissions)
      : `Put it into the folder .data beside deno.json, or add its folder to ${
        permissions === "dashboard" ? '"read"' : '"read" and "write"'
      } of "permissions.${permissions}" in deno.json.`,
  "database-unreachable": () =>
    "Start it, or name another with --database or DATABASE_URL.",
  "file-not-readable": ({ path }) =>
    `Pipe it in: write - in its place, and < ${path} behind the command.`,
  "group-full": () => "Stop one of them, or name another group with --group.",
  "group-missing": () => "`deno task group` lists those that there are.",
  "group-protocol": () =>
    "Stop them, and this one goes on where they committed last; or name another group with --group.",
  "kafka-unreachable": () =>
    "Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.",
  "leader-missing": () =>
    "A topic that `deno task topic --replication-factor 3` makes survives the loss of a broker.",
  "listen-permission": allowAddress,
  "message-rejected": () =>
    "With --on-error dlq it is kept in the dead-letter topic, and the rest goes on.",
  "net-permission": allowAddress,
  "port-in-use": () => "Name another with --port, such as --port 8082.",
  "registry-scheme": ({ url }) =>
    `Write ${url} in SCHEMA_REGISTRY_URL or --registry.`,
  "registry-unreachable": () =>
    "Start it with `deno task up`, or name another with --registry or SCHEMA_REGISTRY_URL.",
  "replication-factor": ({ brokersCount }) =>
    `Use --replication-factor ${brokersCount}${
      brokersCount === 1 ? "" : " or less"
    }, or add brokers.`,
  "resume-file": () =>
    "Name another with --resume, or remove it to start over.",
  "right-missing": ({ resource }) => resource ? RIGHTS[resource] : "",
  "schema-incompatible": () => "`deno task schema check FILE` says why.",
  "schema-missing": () =>
    "Without --use-latest and --no-register, `deno task produce` registers its own.",
  "setting-file-missing": () =>
    "A path without a slash at its front begins beside deno.json.",
  "setting-file-permission": (_, permissions) =>
    `Put it into the folder .secrets beside deno.json, or add its folder to "permissions.${permissions}.read" in deno.json ` +
    "(in a task with an --allow-read of its own, to that).",
  "store-missing": () => "Run `deno task store` to fill it.",
  "tls-without-https": () =>
    "Name the https URL with --registry or SCHEMA_REGISTRY_URL.",
  "topic-missing": ({ topic }) =>
    `Create it with \`deno task topic${
      topic === DEFAULT_TOPIC ? "" : ` --topic ${topic}`
    }\`.`,
};

/**
 * Finds the advice for an error, by its code.
 *
 * @param permissions The task's set of permissions in deno.json.
 */
export function adviceFor(
  error: PipelineError,
  permissions = "pipeline",
): string | undefined {
  return error.code && ADVICE[error.code](error.details, permissions);
}

/** What `deno task doctor` finds out more about. */
const CONNECTION_CODES: readonly (ErrorCode | undefined)[] = [
  "answer-not-registry",
  "kafka-unreachable",
  "registry-scheme",
  "registry-unreachable",
  "right-missing",
];

/** Finds where to look further after an error, in one line; undefined if there is nothing more to find. */
export function nextStepFor(error: PipelineError): string | undefined {
  return CONNECTION_CODES.includes(error.code)
    ? "`deno task doctor` looks further."
    : undefined;
}
