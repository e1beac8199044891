/**
 * Sends a source of orders to a topic, to its end or to a stop, and accounts for every one of them.
 *
 * @module
 */

import type { Config } from "./config.ts";
import type { CustomerEvent } from "./customer_event.ts";
import { InvalidEventError } from "./errors.ts";
import type { SourceItem } from "./order_source.ts";
import { EventProducer, type ProducerOptions } from "./producer.ts";
import type { EventRecord } from "./report.ts";

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
  options: ProducerOptions & { readonly observer?: ProduceObserver },
): Promise<ProduceSummary> {
  const { observer = {} } = options;
  let sent = 0;
  let delivered = 0;
  let failed = 0;
  let invalid = 0;
  const producer = await EventProducer.connect(config, options, {
    delivered(record) {
      delivered++;
      observer.delivered?.(record);
    },
    failed(event, error) {
      failed++;
      observer.failed?.(event, error);
    },
  });
  try {
    for await (const { number, event, problem } of source) {
      try {
        if (problem) throw problem;
        const checked = producer.send(event);
        observer.sending?.(++sent, checked);
      } catch (error) {
        if (!(error instanceof InvalidEventError)) throw error;
        invalid++;
        observer.invalid?.(number, error);
      }
      await producer.ready();
      if (producer.stopped) break;
    }
    observer.flushing?.();
    await producer.flush();
  } finally {
    await producer.close();
  }
  return { delivered, failed, invalid };
}
