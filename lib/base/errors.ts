/**
 * The errors that a person is meant to read. Any other error is a defect of this program.
 *
 * @module
 */

/** What went wrong, for callers that react to it. An interface adds the advice that only it can give, such as which flag to change. */
export type ErrorCode =
  | "answer-not-registry"
  | "file-format"
  | "database-permission"
  | "database-unreachable"
  | "file-not-readable"
  | "group-full"
  | "group-missing"
  | "group-protocol"
  | "kafka-unreachable"
  | "leader-missing"
  | "listen-permission"
  | "message-rejected"
  | "net-permission"
  | "port-in-use"
  | "registry-scheme"
  | "registry-unreachable"
  | "replication-factor"
  | "resume-file"
  | "right-missing"
  | "schema-incompatible"
  | "schema-missing"
  | "setting-file-missing"
  | "setting-file-permission"
  | "store-missing"
  | "tls-without-https"
  | "topic-missing";

/** The values that belong to an {@linkcode ErrorCode}. */
export interface ErrorDetails {
  /** With `net-permission`, `listen-permission` and `port-in-use`, and `database-permission` for a server: the address, as `host:port`. */
  readonly address?: string;
  /** With `replication-factor`: how many brokers there are. */
  readonly brokersCount?: number;
  /** With `file-format`: the format that it is in. */
  readonly format?: string;
  /** With `file-not-readable`: the file's path. */
  readonly path?: string;
  /** With `right-missing`: what the right is on. */
  readonly resource?: "topic" | "group" | "cluster" | "transactional id";
  /** With `topic-missing`: the topic. */
  readonly topic?: string;
  /** With `registry-scheme`: the URL that would work. */
  readonly url?: string;
}

/** What a {@linkcode PipelineError} carries besides its message. */
export interface PipelineErrorOptions extends ErrorOptions {
  /** What the reader can do about it, whatever the interface: one or more plain sentences. */
  readonly hint?: string | undefined;
  /** What went wrong. */
  readonly code?: ErrorCode | undefined;
  /** The values that belong to the code. */
  readonly details?: ErrorDetails;
}

/** A failure that a person can act on. Tasks print it without a stack trace and exit with code 1. */
export class PipelineError extends Error {
  /** What the reader can do about it; undefined if nothing is known. */
  readonly hint: string | undefined;
  /** What went wrong; undefined if callers have nothing to decide by it. */
  readonly code: ErrorCode | undefined;
  /** The values that belong to the code. */
  readonly details: ErrorDetails;

  /** Makes the error of a message, capitalised and without a final period: what happened, with which value. */
  constructor(message: string, options: PipelineErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options.hint;
    this.code = options.code;
    this.details = options.details ?? {};
  }
}

/** The command line or a setting is wrong. Tasks print it and exit with code 2. */
export class UsageError extends PipelineError {}

/** What a handler throws to end the run: its event is not committed, and the next run delivers it again. */
export class HandlerStop extends PipelineError {}

/** The signal was aborted while the start waited for Kafka or the registry. */
export class StoppedError extends PipelineError {}

/** Kafka or the registry can't be reached or isn't ready: a retry may help. */
export class OutageError extends PipelineError {}

/** A message or an event does not match its schema or the wire format: a retry doesn't help. */
export class InvalidEventError extends PipelineError {}

/** Walks an error and its causes, outermost first. Returns each error of the chain once, including the members of aggregates. */
export function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  const open = [error];
  while (open.length > 0) {
    const next = open.shift();
    if (next == null || seen.has(next)) continue;
    seen.add(next);
    yield next;
    if (!(next instanceof Error)) continue;
    if ("errors" in next && Array.isArray(next.errors)) {
      open.push(...next.errors);
    }
    open.push(next.cause);
  }
}

/** Reads the message of anything that was thrown: an error's, or else the value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
