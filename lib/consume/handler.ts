/**
 * Handlers of events: what callers write.
 *
 * @module
 */

import type { EventRecord } from "../events/record.ts";

/** What a handler gets besides its events. */
export interface HandlerContext {
  /** Aborted when the consumer stops: long work should end then, and throw. What it throws after that is not a failure. */
  readonly signal: AbortSignal;
}

/**
 * Processes one event. When it returns, or its promise resolves, the event counts as processed and its offset may be committed. What
 * it throws is retried, and then the event is set aside as a dead letter; only a `HandlerStop` ends the run. An
 * `OutageError` says that something which the handler needs is away: it is retried until that is back.
 */
export type EventHandler<T> = (
  record: EventRecord<T>,
  context: HandlerContext,
) => void | PromiseLike<void>;

/** Events of one partition that were fetched together. */
export interface EventBatch<T> {
  /** The topic. */
  readonly topic: string;
  /** The partition's number. */
  readonly partition: number;
  /** The events, in the sequence of their offsets; at least one. */
  readonly records: readonly EventRecord<T>[];
}

/**
 * Processes the events of a batch: all or none of them. When it returns, or its promise resolves, they count as processed. What it
 * throws is retried. If it keeps failing, it gets each event in a batch by itself, and those that fail then are set aside as dead
 * letters; only a `HandlerStop` ends the run, and an `OutageError` is retried for as long as it takes.
 */
export type BatchHandler<T> = (
  batch: EventBatch<T>,
  context: HandlerContext,
) => void | PromiseLike<void>;
