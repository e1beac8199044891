/**
 * Consuming a topic's events, at least once each: one at a time, or in the batches that they are fetched in.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import type { EventRecord } from "../events/record.ts";
import { oneByOne } from "./event_processor.ts";
import type { BatchHandler, EventHandler } from "./handler.ts";
import type { MessageCounts } from "./message_reader.ts";
import type { ConsumerOptions } from "./options.ts";
import { runConsumer } from "./run_consumer.ts";

/**
 * Consumes a topic's events at least once each, until the count, the idle time or the signal ends it.
 *
 * @param type The kind of event.
 * @param handler Processes each event. Heartbeats go on while it is under way.
 * @param options The group, when to stop, and what becomes of what can't be processed.
 * @returns How many messages were processed. By then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message
 * can't be processed and `onError` is `stop`, or the connection to the group is lost for good.
 */
export async function consume<T>(
  type: EventType<T>,
  handler: EventHandler<T>,
  options: ConsumerOptions = {},
): Promise<MessageCounts> {
  return await runConsumer(type, options, { handler: oneByOne(handler) });
}

/**
 * Consumes a topic's events as {@linkcode consume} does, but in batches: for stores.
 *
 * @param type The kind of event.
 * @param handler Processes the events of one partition that were fetched together. Heartbeats go on while it is under way.
 * @param options The same options. With a `count`, the batch that reaches it is the last: it may have more events than that.
 * @returns How many messages were processed. By then their offsets are committed and the group is left.
 * @throws {PipelineError} As {@linkcode consume} does.
 */
export async function consumeBatches<T>(
  type: EventType<T>,
  handler: BatchHandler<T>,
  options: ConsumerOptions = {},
): Promise<MessageCounts> {
  return await runConsumer(type, options, {
    together: true,
    handler(records, { signal }) {
      const [{ topic, partition }] = records as [EventRecord<T>];
      return handler({ topic, partition, records }, { signal });
    },
  });
}
