/**
 * What every way to consume has in common: the options, the connections, and the loop with dead letters.
 *
 * @module
 */

import { StoppedError } from "../base/errors.ts";
import { withDeadline } from "../base/retry.ts";
import type { EventType } from "../events/event_type.ts";
import { createKafka } from "../kafka/client.ts";
import { checkTopicName, requireTopic } from "../kafka/topic.ts";
import { EventRegistry } from "../registry/registry.ts";
import { EventDeserializer } from "../registry/serializer.ts";
import { resolveConfig } from "../settings/config.ts";
import {
  type BatchProcess,
  consumeMessages,
  type LoopContext,
  type MessageProcess,
} from "./consumer_loop.ts";
import {
  checkLetterTopic,
  type DeadLetterQueue,
  deadLetterQueue,
} from "./dead_letters/dead_letter_queue.ts";
import { EventProcessor, type RecordsHandler } from "./event_processor.ts";
import type { MessageCounts } from "./message_reader.ts";
import { type ConsumerOptions, DEFAULT_GROUP } from "./options.ts";

/** What handles the events of a run. */
export interface RunOptions<T> {
  readonly handler: RecordsHandler<T, LoopContext>;
  /**
   * Whether it gets those of a partition that were fetched together at once. With a `count`, the batch that reaches it is the last. By
   * default: `false`.
   */
  readonly together?: boolean;
}

/**
 * Consumes a topic's events until the count, the idle time or the signal ends it.
 *
 * @returns How many messages were processed. By then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message can't be
 * processed and `onError` is `stop`, or the connection to the group is lost for good.
 */
export async function runConsumer<T>(
  type: EventType<T>,
  options: ConsumerOptions,
  run: RunOptions<T>,
): Promise<MessageCounts> {
  const {
    config = resolveConfig(),
    topic = type.topic,
    group = DEFAULT_GROUP,
    from = "earliest",
    count = Infinity,
    signal,
    onError = "dlq",
    handlerRetries = 3,
    handlerBackoffMs = 200,
    sessionTimeoutMs = 10_000,
  } = options;
  checkTopicName(topic);
  const enough = new AbortController();
  const wait = withDeadline({
    clientId: "cafe-event-consumer",
    ...options,
    signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
  });
  let processor: EventProcessor<T, LoopContext> | undefined;
  let deadLetters: DeadLetterQueue | undefined;
  // Before the first wait: until this run is known, a store would count as ready.
  const telemetry = options.telemetry?.consuming({ topic, group });
  try {
    await requireTopic(config, {
      ...wait,
      topic,
      check: onError === "dlq" ? checkLetterTopic : undefined,
    });
    const kafka = await createKafka(config, wait);
    const registry = await EventRegistry.connect(config, wait);
    await warnOfOthers(registry, { ...options, type, topic });
    if (onError === "dlq") {
      deadLetters = deadLetterQueue(kafka, { topic, group }, options);
    }
    const running = processor = new EventProcessor(
      new EventDeserializer(registry.schemas, type),
      run.handler,
      {
        ...options,
        topic,
        handlerRetries,
        handlerBackoffMs,
        sessionTimeoutMs,
        deadLetters,
        telemetry,
      },
    );
    const counted = (done: boolean) => {
      if (running.consumed >= count) enough.abort();
      return done;
    };
    const one: MessageProcess = (partition, message, context) => {
      const done = running.process({ partition, message, context });
      return done instanceof Promise ? done.then(counted) : counted(done);
    };
    const together: BatchProcess = async (partition, messages, context) =>
      counted(await running.processTogether(messages, { partition, context }));
    await consumeMessages(
      kafka,
      run.together ? { processBatch: together } : one,
      {
        ...wait,
        topic,
        group,
        from,
        sessionTimeoutMs,
        telemetry,
      },
    );
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    options.stopping?.();
  } finally {
    await deadLetters?.close();
    telemetry?.ended();
  }
  return processor?.counts ?? { consumed: 0, deadLetters: 0, tombstones: 0 };
}

/** Says so where a topic's latest schema is that of other events: none of them can be read as one of this kind. */
async function warnOfOthers<T>(
  registry: EventRegistry,
  { type, topic, notify }: Pick<ConsumerOptions, "notify"> & {
    readonly type: EventType<T>;
    readonly topic: string;
  },
): Promise<void> {
  const subject = `${topic}-value`;
  const absent = await registry.latest(subject)
    .then(({ schema }) => type.absentFrom(schema))
    // There may be no schema, or no right to read it: consuming takes neither.
    .catch(() => undefined);
  if (absent === undefined) return;
  notify?.(
    `Topic '${topic}' has other events, by the latest schema of ${subject}: without ${absent}, none is a valid ${type.name}.`,
  );
}
