/**
 * What every way to consume has in common: the options, the connections, and the loop with dead letters.
 *
 * @module
 */

import { StoppedError } from "../base/errors.ts";
import { type WaitOptions, withDeadline } from "../base/retry.ts";
import type { EventType } from "../events/event_type.ts";
import { createKafka } from "../kafka/client.ts";
import { checkTopicName, requireTopic } from "../kafka/topic.ts";
import { EventRegistry } from "../registry/registry.ts";
import { EventDeserializer } from "../registry/serializer.ts";
import { type Config, resolveConfig } from "../settings/config.ts";
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
  let looking: ReturnType<typeof lookAtRegistry<T>> | undefined;
  // Before the first wait: until this run is known, a store would count as ready.
  const telemetry = options.telemetry?.consuming({ topic, group });
  try {
    looking = lookAtRegistry(config, { ...wait, type, topic });
    // It is reported when the topic is found.
    looking.catch(() => {});
    await requireTopic(config, {
      ...wait,
      topic,
      check: onError === "dlq" ? checkLetterTopic : undefined,
    });
    const kafka = await createKafka(config, wait);
    const { deserializer, absent } = await looking;
    if (absent !== undefined) {
      options.notify?.(
        `Topic '${topic}' has other events, by the latest schema of ${topic}-value: without ${absent}, none is a valid ${type.name}.`,
      );
    }
    if (onError === "dlq") {
      deadLetters = deadLetterQueue(kafka, { topic, group }, options);
    }
    const running = processor = new EventProcessor(
      deserializer,
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
    enough.abort();
    await looking?.catch(() => {});
    await deadLetters?.close();
    telemetry?.ended();
  }
  return processor?.counts ?? { consumed: 0, deadLetters: 0, tombstones: 0 };
}

/**
 * Connects to the registry, and looks at the topic's latest schema: its checks are compiled while Kafka is asked, and where it is that of
 * other events, none of them can be read as one of this kind.
 *
 * @returns What decodes, and the path of what other events lack.
 */
async function lookAtRegistry<T>(
  config: Config,
  options: WaitOptions & {
    readonly type: EventType<T>;
    readonly topic: string;
  },
) {
  const { type, topic } = options;
  const registry = await EventRegistry.connect(config, options);
  const deserializer = new EventDeserializer(registry.schemas, type);
  let absent: string | undefined;
  try {
    const { id, schema } = await registry.latest(`${topic}-value`);
    absent = type.absentFrom(schema);
    await deserializer.prepare(id);
  } catch {
    // There may be no schema, or no right to read it: consuming takes neither.
  }
  return { deserializer, absent };
}
