/**
 * Consuming a topic's orders, at least once each.
 *
 * @module
 */

import type { Kafka } from "kafkajs";
import type { Config } from "../settings/config.ts";
import { consumeMessages } from "./consumer_loop.ts";
import { DeadLetterQueue } from "./dead_letters/dead_letter_queue.ts";
import { StoppedError } from "../base/errors.ts";
import { createKafka, type KafkaOptions, withAdmin } from "../kafka/client.ts";
import { type WaitOptions, withDeadline } from "../base/retry.ts";
import {
  type EventHandler,
  type MessageCounts,
  type MessageObserver,
  MessageProcessor,
} from "./message_processor.ts";
import { EventRegistry } from "../registry/registry.ts";
import { EventDeserializer } from "../registry/serializer.ts";
import { checkTopicName, describeTopic, missingTopic } from "../kafka/topic.ts";

/** How to consume. */
export interface ConsumerOptions
  extends KafkaOptions, WaitOptions, Omit<MessageObserver, "notify"> {
  /** The topic; it has to exist. */
  readonly topic: string;
  /** The consumer group, whose members share the partitions. Equals `group.id`. */
  readonly group: string;
  /**
   * Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`.
   *
   * @default {"earliest"}
   */
  readonly from?: "earliest" | "latest";
  /** Stop after so many orders; never where it is left out. */
  readonly count?: number | undefined;
  /** Stop when nothing came for so long, in milliseconds; never where it is left out. */
  readonly idleExitMs?: number | undefined;
  /** Stops the consumer: it finishes the order in hand, commits and leaves the group. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What becomes of a message that can't be read, or whose handler keeps failing: it is kept in the topic `<topic>.dlq`, or it
   * ends the run with its offset not committed.
   *
   * @default {"dlq"}
   */
  readonly onError?: "dlq" | "stop";
  /**
   * How often a handler that throws is tried again before its order counts as failed.
   *
   * @default {3}
   */
  readonly handlerRetries?: number;
  /**
   * The pause before the first of these tries, in milliseconds; it doubles each time.
   *
   * @default {200}
   */
  readonly handlerBackoffMs?: number;
  /** Is called once when a stop begins, before the connection is closed. */
  readonly stopping?: () => void;
  /**
   * Is called before each commit, which waits for it: a handler that buffers its output writes it out here. If it throws, nothing
   * is committed and the run ends.
   */
  readonly beforeCommit?: () => Promise<void>;
  /** Is called each time the group has given this member its partitions, once it is known where to begin in each. */
  readonly assigned?: (partitions: readonly number[]) => void;
  /**
   * After how long without a heartbeat the group takes this member for dead, in milliseconds. Overrides kafkajs' 30 s,
   * so that a crashed consumer's partitions are not idle for that long. Equals `session.timeout.ms`.
   *
   * @default {10000}
   */
  readonly sessionTimeoutMs?: number;
}

/**
 * Consumes a topic's orders at least once each, until the count, the idle time or the signal ends it.
 *
 * @param config Where Kafka and the registry are.
 * @param handler Processes each order. While it is under way, heartbeats go on.
 * @param options The topic, the group, when to stop, and what becomes of what can't be processed.
 * @returns How many messages were processed; by then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start or refuses, the topic doesn't exist, a message
 * can't be processed and `onError` is `stop`, or kafkajs gives up.
 */
export async function consumeEvents(
  config: Config,
  handler: EventHandler,
  options: ConsumerOptions,
): Promise<MessageCounts> {
  const {
    topic,
    from = "earliest",
    onError = "dlq",
    handlerRetries = 3,
    handlerBackoffMs = 200,
    sessionTimeoutMs = 10_000,
    count = Infinity,
    signal,
  } = options;
  checkTopicName(topic);
  let connections: Connections;
  try {
    connections = await connect(config, withDeadline(options));
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    options.stopping?.();
    return { consumed: 0, passedOver: 0 };
  }
  const { kafka, registry, deadline } = connections;
  const deadLetters = onError === "dlq"
    ? new DeadLetterQueue(kafka, config, topic, options)
    : undefined;
  const processor = new MessageProcessor(
    new EventDeserializer(registry),
    handler,
    {
      ...options,
      handlerRetries,
      handlerBackoffMs,
      sessionTimeoutMs,
      deadLetters,
    },
  );
  const counted = new AbortController();
  const countDone = (done: boolean) => {
    if (processor.counts.consumed >= count) counted.abort();
    return done;
  };
  try {
    await consumeMessages(kafka, config, (partition, message, stop) => {
      if (counted.signal.aborted) return false;
      const done = processor.process(partition, message, stop);
      return done instanceof Promise ? done.then(countDone) : countDone(done);
    }, {
      ...options,
      deadline,
      from,
      sessionTimeoutMs,
      signal: signal
        ? AbortSignal.any([signal, counted.signal])
        : counted.signal,
    });
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    options.stopping?.();
  } finally {
    await deadLetters?.close();
  }
  return processor.counts;
}

interface Connections {
  readonly kafka: Kafka;
  readonly registry: EventRegistry;
  /** Until when the rest of the start may take. */
  readonly deadline: number;
}

/** Finds Kafka, the topic and the registry. */
async function connect(
  config: Config,
  options: ConsumerOptions & { readonly deadline: number },
): Promise<Connections> {
  const { topic, deadline } = options;
  const layout = await withAdmin(
    config,
    options,
    (admin) => describeTopic(admin, topic),
  );
  if (!layout) throw missingTopic(topic);
  const registry = await EventRegistry.connect(config, options);
  const kafka = await createKafka(config, {
    clientId: "cafe-event-consumer",
    ...options,
  });
  return { kafka, registry, deadline };
}
