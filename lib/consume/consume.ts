/**
 * Consuming a topic's events, at least once each, one at a time.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import type { EventHandler } from "./handler.ts";
import { MessageProcessor } from "./message_processor.ts";
import type { MessageCounts } from "./message_reader.ts";
import { type ConsumerOptions, runConsumer } from "./run_consumer.ts";

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
  const { count = Infinity, signal } = options;
  const enough = new AbortController();
  return await runConsumer(type, {
    ...options,
    signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
  }, {
    processor(deserializer, processorOptions) {
      const processor = new MessageProcessor(
        deserializer,
        handler,
        processorOptions,
      );
      const counted = (done: boolean) => {
        if (processor.counts.consumed >= count) enough.abort();
        return done;
      };
      return {
        processing(partition, message, { signal }) {
          if (enough.signal.aborted) return false;
          const done = processor.process({ partition, message, signal });
          return done instanceof Promise ? done.then(counted) : counted(done);
        },
        counts: () => processor.counts,
      };
    },
  });
}
