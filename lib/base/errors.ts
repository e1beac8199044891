/**
 * The errors that a person is meant to read: what happened, and what to do next.
 *
 * Whatever else is thrown is a defect of this program and keeps its stack trace behind `--debug`.
 *
 * @module
 */

/** What a {@linkcode PipelineError} carries besides its message. */
export interface PipelineErrorOptions extends ErrorOptions {
  /** What the reader can do about it: one or more plain sentences. */
  hint?: string;
}

/** A failure that a person can act on. Tasks print it without a stack trace and exit with code 1. */
export class PipelineError extends Error {
  /** The class's name, in stack traces. */
  override name = "PipelineError";
  /** What the reader can do about it, if anything is known. */
  readonly hint: string | undefined;

  /**
   * Makes the error.
   *
   * @param message What happened and with which value: capitalised, no final period.
   * @param options The hint and the cause.
   */
  constructor(message: string, options: PipelineErrorOptions = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/** The command line or a setting is wrong. Tasks print it and exit with code 2. */
export class UsageError extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "UsageError";
}

/** What a handler throws to end the run: its order is not processed, and comes again. */
export class HandlerStop extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "HandlerStop";
}

/** A stop was asked for before there was anything to stop: while Kafka or the registry was waited for. */
export class StoppedError extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "StoppedError";
}

/** Kafka or the registry can't be reached, or isn't ready: trying again later may help. */
export class OutageError extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "OutageError";
}

/** A message, or an event to be sent, that is not what the schema or the wire format says: bad data, not an outage. */
export class InvalidEventError extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "InvalidEventError";
}

/**
 * Walks an error and its causes, outermost first.
 *
 * @param error Anything that was thrown.
 * @returns Each error of the chain, every one once; members of an aggregate included, whether JavaScript's or kafkajs' own.
 */
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

/**
 * Reads the message of anything that was thrown.
 *
 * @param error Anything that was thrown.
 * @returns Its message, or its text where it is not an error.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
