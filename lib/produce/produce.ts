/**
 * Sends a source of orders to a topic, to its end or to a stop, and accounts for every one of them.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import type { CustomerEvent } from "../events/order.ts";
import { InvalidEventError, StoppedError } from "../base/errors.ts";
import type { SourceItem } from "./sources/order_source.ts";
import {
  type DeliveryHandlers,
  EventProducer,
  type ProducerOptions,
} from "./producer.ts";
import type { EventRecord } from "../events/record.ts";
import type { ResumePoint } from "./resume_point.ts";

/** Whom to tell of the run. */
export interface ProduceObserver {
  /** An order is about to be sent; `number` counts the orders of the run from 1. */
  readonly sending?: (number: number, event: CustomerEvent) => void;
  /** An order was acknowledged. */
  readonly delivered?: (record: EventRecord) => void;
  /** An order was given up. */
  readonly failed?: (event: CustomerEvent, error: Error) => void;
  /** The source gave something that is no valid order; `number` is the source's own: a line's, as a rule. */
  readonly invalid?: (number: number, error: InvalidEventError) => void;
  /** Whether nothing can be told any more: sending ends then. */
  readonly broken?: boolean;
  /** Holds the source back until the promise resolves; undefined if there is no need to. */
  readonly ready?: () => Promise<void> | undefined;
  /** The source has ended; what is under way is waited for. */
  readonly flushing?: () => void;
}

/** What became of the run. */
export interface ProduceSummary {
  /** How many orders were acknowledged. */
  readonly delivered: number;
  /** How many were sent and not acknowledged. */
  readonly failed: number;
  /** How many were not valid, and never sent. */
  readonly invalid: number;
}

/** How to send a source, and whom to tell. */
export interface ProduceOptions extends ProducerOptions {
  /** Whom to tell of the run. */
  readonly observer?: ProduceObserver;
  /** A stop: the source ends itself on it, and what is under way then has {@linkcode STOP_TIMEOUT_MS} left. */
  readonly signal?: AbortSignal | undefined;
  /** Where it is kept how far the source has been delivered. */
  readonly resume?: ResumePoint | undefined;
}

/** How long what is under way may take after a stop, in milliseconds. */
const STOP_TIMEOUT_MS = 8_000;

/**
 * Sends orders until the source ends.
 *
 * @param config Where Kafka and the registry are.
 * @param source The orders; it ends itself on a stop.
 * @param options How to send, and whom to tell.
 * @returns The account; by then every order has ended one way or the other.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start, or the topic doesn't exist.
 */
export async function produceEvents(
  config: Config,
  source: AsyncIterable<SourceItem>,
  options: ProduceOptions,
): Promise<ProduceSummary> {
  const { observer = {}, signal, resume } = options;
  const account = { delivered: 0, failed: 0, invalid: 0 };
  const lines = new Map<CustomerEvent, number>();
  const done = (event: CustomerEvent) => {
    const line = lines.get(event);
    if (line !== undefined) resume?.done(line);
    lines.delete(event);
  };
  const handlers: DeliveryHandlers = {
    delivered(record) {
      account.delivered++;
      done(record.event);
      observer.delivered?.(record);
    },
    failed(event, error) {
      account.failed++;
      // What can never be delivered is done; the rest is to be sent by the next run.
      if (error instanceof InvalidEventError) done(event);
      observer.failed?.(event, error);
    },
  };
  let producer: EventProducer;
  try {
    producer = await EventProducer.connect(config, options, handlers);
  } catch (error) {
    if (error instanceof StoppedError) return account;
    throw error;
  }
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    giveUp = setTimeout(
      () => producer.abandon("Kafka did not acknowledge it before the stop"),
      STOP_TIMEOUT_MS,
    );
  };
  signal?.addEventListener("abort", stop);
  try {
    let sent = 0;
    for await (const { number, event, problem, end, open } of source) {
      if (end !== undefined) resume?.begin(number, end);
      try {
        if (problem) throw problem;
        const checked = producer.send(event);
        if (resume) lines.set(checked, number);
        observer.sending?.(++sent, checked);
      } catch (error) {
        if (!(error instanceof InvalidEventError)) throw error;
        account.invalid++;
        // A line that is still being written is the next run's to read.
        if (!open) resume?.done(number);
        observer.invalid?.(number, error);
      }
      const room = producer.ready();
      if (room) await room;
      const shown = observer.ready?.();
      if (shown) await shown;
      if (producer.stopped || observer.broken) break;
    }
    observer.flushing?.();
    await producer.flush();
  } finally {
    try {
      await producer.close();
    } finally {
      clearTimeout(giveUp);
      signal?.removeEventListener("abort", stop);
      await resume?.close();
    }
  }
  return account;
}
