/**
 * Consuming a topic's events in a loop of the caller's own, which commits.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import type { EventRecord } from "../events/record.ts";
import type { ConsumerOptions } from "./options.ts";
import { runConsumer } from "./run_consumer.ts";

/** An event that its reader commits. */
export interface ConsumedRecord<T> extends EventRecord<T> {
  /**
   * Commits the event, and all before it in its partition.
   *
   * @returns When the offset is committed.
   * @throws {PipelineError} If the group has given the partition to another member, or the loop has ended.
   */
  commit(): Promise<void>;
}

/**
 * Iterates over a topic's events, at least once each. Nothing is committed but by `commit()`: what was read and not committed is
 * delivered again. Heartbeats go on while the loop's body is at work.
 *
 * @example
 * ```ts ignore
 * for await (const record of records(scans, { group: "points" })) {
 *   await add(record.event.card_id, record.event.points);
 *   await record.commit();
 * }
 * ```
 *
 * @param type The kind of event.
 * @param options The group, and when to stop. Leaving the loop stops too.
 * @returns The events.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message
 * can't be read and `onError` is `stop`, or the connection to the group is lost for good.
 */
export async function* records<T>(
  type: EventType<T>,
  options: Omit<ConsumerOptions, "handlerRetries" | "handlerBackoffMs"> = {},
): AsyncGenerator<ConsumedRecord<T>, void, undefined> {
  const { count = Infinity, signal } = options;
  const left = new AbortController();
  let offered = Promise.withResolvers<ConsumedRecord<T> | undefined>();
  let release = () => {};
  const running = runConsumer(type, {
    ...options,
    count: undefined,
    signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
  }, {
    handler(records, context) {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      const [record] = records as [EventRecord<T>];
      const { partition, offset } = record;
      const commit = context.hold(partition, offset);
      offered.resolve({ ...record, commit });
      return promise;
    },
  });
  running.then(
    () => offered.resolve(undefined),
    (error) => offered.reject(error),
  );
  try {
    for (let taken = 0; taken < count; taken++) {
      const record = await offered.promise;
      if (!record) return;
      offered = Promise.withResolvers();
      yield record;
      if (taken + 1 < count) release();
    }
  } finally {
    left.abort();
    release();
    offered.promise.catch(() => {});
    await running;
  }
}
