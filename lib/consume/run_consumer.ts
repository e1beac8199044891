/**
 * What every way to consume has in common: the options, the connections, and the loop with dead letters.
 *
 * @module
 */

import { StoppedError } from "../base/errors.ts";
import { type WaitOptions, withDeadline } from "../base/retry.ts";
import type { EventType } from "../events/event_type.ts";
import type { Telemetry } from "../events/telemetry.ts";
import { createKafka, type KafkaOptions } from "../kafka/client.ts";
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
  DeadLetterQueue,
} from "./dead_letters/dead_letter_queue.ts";
import type { OffsetStore } from "./offset_store.ts";
import { EventProcessor, type RecordsHandler } from "./event_processor.ts";
import type { MessageCounts, MessageObserver } from "./message_reader.ts";

/** The group that {@linkcode consume} joins by default. */
export const DEFAULT_GROUP = "cafe-event-consumer-group";

/** How to consume. */
export interface ConsumerOptions
  extends KafkaOptions, WaitOptions, Omit<MessageObserver, "notify"> {
  /**
   * Where Kafka and the registry are.
   *
   * @default {resolveConfig()}
   */
  readonly config?: Config;
  /**
   * The topic; it has to exist.
   *
   * @default {the event type's topic}
   */
  readonly topic?: string | undefined;
  /**
   * The consumer group, whose members share the partitions. Equals `group.id`.
   *
   * @default {"cafe-event-consumer-group"}
   */
  readonly group?: string;
  /**
   * Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`.
   *
   * @default {"earliest"}
   */
  readonly from?: "earliest" | "latest";
  /**
   * Stop after so many events.
   *
   * @default {Infinity}
   */
  readonly count?: number | undefined;
  /**
   * Stop when nothing came for so long, in milliseconds.
   *
   * @default {Infinity}
   */
  readonly idleExitMs?: number | undefined;
  /** Stops the consumer: it finishes the event in hand, commits and leaves the group. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What becomes of a message that can't be read, or whose handler keeps failing: `dlq` keeps it in the topic `<topic>.dlq`; `stop`
   * ends the run with its offset not committed.
   *
   * @default {"dlq"}
   */
  readonly onError?: "dlq" | "stop";
  /**
   * How many times a handler that throws is called again before its event counts as failed.
   *
   * @default {3}
   */
  readonly handlerRetries?: number;
  /**
   * The pause before the first of these retries, in milliseconds; it doubles each time, up to 30 s.
   *
   * @default {200}
   */
  readonly handlerBackoffMs?: number;
  /** Called once when a stop begins, before the connection is closed. */
  readonly stopping?: () => void;
  /**
   * Called before each commit, which waits for it: a handler that buffers its output writes it out here. If it throws, nothing is
   * committed and the run ends.
   */
  readonly beforeCommit?: () => Promise<void>;
  /**
   * Where the group's offsets are kept, given where Kafka keeps them: a store keeps them along with its results.
   *
   * @default {Kafka's}
   */
  readonly offsets?: (kafka: OffsetStore) => OffsetStore;
  /** Called each time the group has assigned partitions to this member, once it is known where to begin in each. */
  readonly assigned?: (partitions: readonly number[]) => void;
  /**
   * After how long without a heartbeat the group counts this member as dead, in milliseconds. Overrides kafkajs' 30 s, so that a
   * crashed consumer's partitions are not idle for that long. Equals `session.timeout.ms`.
   *
   * @default {10000}
   */
  readonly sessionTimeoutMs?: number;
  /** Observes the run, for metrics and traces. */
  readonly telemetry?: Telemetry | undefined;
}

/** What handles the events of a run. */
export interface RunOptions<T> {
  /** Handles events. */
  readonly handler: RecordsHandler<T, LoopContext>;
  /**
   * Whether it gets those of a partition that were fetched together at once. With a `count`, the batch that reaches it is the last.
   *
   * @default {false}
   */
  readonly together?: boolean;
}

/**
 * Consumes a topic's events until the count, the idle time or the signal ends it.
 *
 * @param type The kind of event.
 * @param options The options of the caller.
 * @param run What handles the events.
 * @returns How many messages were processed. By then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message
 * can't be processed and `onError` is `stop`, or the connection to the group is lost for good.
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
    if (onError === "dlq") {
      deadLetters = new DeadLetterQueue(kafka, { topic, group }, options);
    }
    const running = processor = new EventProcessor(
      new EventDeserializer(registry, type),
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
      const done = running.process(message, { partition, context });
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
