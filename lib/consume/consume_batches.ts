/**
 * Consuming a topic's events, at least once each, in the batches that they are fetched in: for stores.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import type { EventRecord } from "../events/record.ts";
import type { BatchHandler } from "./handler.ts";
import type { MessageCounts } from "./message_reader.ts";
import type { ConsumerOptions } from "./options.ts";
import { runConsumer } from "./run_consumer.ts";

/**
 * Consumes a topic's events at least once each, in batches, until the count, the idle time or the signal ends it.
 *
 * @param type The kind of event.
 * @param handler Processes the events of one partition that were fetched together. Heartbeats go on while it is under way.
 * @param options The group, when to stop, and what becomes of what can't be processed. With a `count`, the batch that reaches it is
 * the last: it may have more events than that.
 * @returns How many messages were processed. By then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message
 * can't be processed and `onError` is `stop`, or the connection to the group is lost for good.
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
