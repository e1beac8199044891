/**
 * Handlers of events, and how one is called: again with growing pauses while it fails.
 *
 * @module
 */

import { HandlerStop, InvalidEventError, OutageError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import { FIRST_PAUSE_MS, MAX_PAUSE_MS } from "../base/retry.ts";
import type { EventRecord } from "../events/record.ts";

/** What a handler gets besides its events. */
export interface HandlerContext {
  /** Aborted when the consumer stops: long work should end then, and throw. What it throws after that is not a failure. */
  readonly signal: AbortSignal;
}

/**
 * Processes one event. When it returns, or its promise resolves, the event counts as processed and its offset may be committed. What
 * it throws is retried, and then the event is set aside as a dead letter; only a {@linkcode HandlerStop} ends the run. An
 * {@linkcode OutageError} says that something which the handler needs is away: it is retried until that is back.
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
 * letters; only a {@linkcode HandlerStop} ends the run, and an {@linkcode OutageError} is retried for as long as it takes.
 */
export type BatchHandler<T> = (
  batch: EventBatch<T>,
  context: HandlerContext,
) => void | PromiseLike<void>;

/** How often and how long a handler is tried. */
export interface HandlerOptions {
  /** How many times a handler that throws is called again. */
  readonly handlerRetries: number;
  /** The pause before the first retry, in milliseconds; it doubles each time, up to 30 s. */
  readonly handlerBackoffMs: number;
  /** How long a call may take before `slow` is called, in milliseconds. Equals `session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
}

/** The longest pause between two calls, in milliseconds. */
const MAX_BACKOFF_MS = 30_000;

/** How a handler's calls ended, if not well: it was stopped, or the last retry failed. */
export type HandlerEnd = { readonly stopped: true } | {
  readonly error: unknown;
};

/** One handler call, with what ends or reports it. */
export interface HandlerCall {
  /** Calls the handler. */
  readonly call: () => void | PromiseLike<void>;
  /** Called if a call takes longer than the session timeout. */
  readonly slow: () => void;
  /** Stops the retries. */
  readonly signal: AbortSignal;
}

/** Calls handlers until they succeed or their retries are used up. */
export class HandlerCaller {
  readonly #options: HandlerOptions;

  /** @param options How often and how long a handler is tried. */
  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /**
   * Calls a handler.
   *
   * @param handler The call.
   * @returns Undefined if it succeeded; a promise only if there is something to wait for.
   * @throws {HandlerStop} If the handler threw it.
   */
  call(handler: HandlerCall): undefined | Promise<HandlerEnd | undefined> {
    const startedAt = Date.now();
    let handled: void | PromiseLike<void>;
    try {
      handled = handler.call();
    } catch (error) {
      handled = Promise.reject(error);
    }
    // The handler may have blocked the whole thread, heartbeats included.
    const { sessionTimeoutMs } = this.#options;
    if (Date.now() - startedAt > sessionTimeoutMs) handler.slow();
    return isThenable(handled) ? this.#retry(handler, handled) : undefined;
  }

  async #retry(
    { call, slow, signal }: HandlerCall,
    first: PromiseLike<void>,
  ): Promise<HandlerEnd | undefined> {
    const { handlerRetries, handlerBackoffMs, sessionTimeoutMs } =
      this.#options;
    let handled = first;
    for (let retries = 0, outages = 0;;) {
      let pauseMs: number;
      const timer = setTimeout(slow, sessionTimeoutMs);
      try {
        await handled;
        return undefined;
      } catch (error) {
        if (error instanceof HandlerStop) throw error;
        if (signal.aborted) return { stopped: true };
        if (error instanceof OutageError) {
          pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** outages++, MAX_PAUSE_MS);
        } else {
          // Bad data stays bad.
          if (
            retries === handlerRetries || error instanceof InvalidEventError
          ) return { error };
          pauseMs = Math.min(handlerBackoffMs * 2 ** retries++, MAX_BACKOFF_MS);
        }
      } finally {
        clearTimeout(timer);
      }
      await pause(pauseMs, signal);
      if (signal.aborted) return { stopped: true };
      handled = Promise.try(call);
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
