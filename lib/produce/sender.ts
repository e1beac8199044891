/**
 * Sends events: checks and encodes each, finds its partition, and reports its outcome.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Config, resolveConfig } from "../settings/config.ts";
import type { EventType } from "../events/event_type.ts";
import {
  DeliveryQueue,
  type Sendable,
  type SendErrorAction,
} from "./delivery_queue.ts";
import {
  InvalidEventError,
  OutageError,
  PipelineError,
  UsageError,
} from "../base/errors.ts";
import {
  connectWithin,
  createKafka,
  type KafkaOptions,
} from "../kafka/client.ts";
import {
  describeWait,
  explainKafkaError,
  isKafkaOutage,
  protocolCodeOf,
} from "../kafka/errors.ts";
import type { OutgoingMessage } from "../kafka/message.ts";
import type { Acks } from "../kafka/message_producer.ts";
import { type WaitOptions, withDeadline } from "../base/retry.ts";
import { type PartitionerName, partitionOf } from "../kafka/partitioner.ts";
import { within } from "../base/pause.ts";
import { SendBuffer } from "./send_buffer.ts";
import type { SendOptions } from "./sources/source.ts";
import { EventRegistry } from "../registry/registry.ts";
import {
  type EventRecord,
  type Header,
  keyText,
  type OutgoingHeader,
} from "../events/record.ts";
import type { Telemetry } from "../events/telemetry.ts";
import { EventSerializer, type SchemaChoice } from "../registry/serializer.ts";
import { checkTopicName, requireTopic } from "../kafka/topic.ts";

/** How to send. */
export interface ProducerOptions extends KafkaOptions, WaitOptions {
  /** Where Kafka and the registry are. By default: `resolveConfig()`. */
  readonly config?: Config;
  /** The topic; it has to exist. By default: the event type's topic. */
  readonly topic?: string | undefined;
  /** Equals `acks`. By default: `1`. */
  readonly acks?: Acks;
  /** Which partition a key belongs to. Equals `partitioner` (librdkafka) and `partitioner.class` (Java). By default: `crc32`. */
  readonly partitioner?: PartitionerName;
  /**
   * Lets the broker recognise an event that is sent again, so that no retry puts it in the topic twice. Requires acks `all`. Equals
   * `enable.idempotence`. By default: `false`.
   */
  readonly idempotent?: boolean;
  /**
   * Which schema events are written by: `register` registers the event type's own; `latest` takes the subject's latest and registers
   * nothing (Confluent's `use.latest.version`); `existing` takes the event type's own, which the registry must have
   * (`auto.register.schemas=false`). By default: `register`.
   */
  readonly schema?: SchemaChoice;
  /** Observes the run, for metrics and traces. */
  readonly telemetry?: Telemetry | undefined;
}

/** Receives the outcome of one event. */
export interface Delivery<T> {
  /** The broker acknowledged it; with acks 0, when its offset is -1, it was handed to the network. */
  readonly delivered: (record: EventRecord<T>) => void;
  /** It was given up, and is not known to be in the topic. */
  readonly failed: (event: T, error: Error) => void;
}

interface Outgoing<T> extends Sendable, OutgoingMessage {
  readonly timestamp: number;
  readonly event: T;
  /** The key as it was given: `key` has its bytes. */
  readonly givenKey: string | Uint8Array | null;
  readonly delivery: Delivery<T>;
}

const MAX_KEYS_COUNT = 10_000;
const MAX_BATCH_COUNT = 2_000;
/** How many bytes one request takes at most: below the broker's default `message.max.bytes` of 1 MiB. */
const MAX_BATCH_BYTES = 900_000;
/** For how long one batch is sent again before it is given up, in milliseconds: Kafka's default. */
const DELIVERY_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 1_000;
/**
 * How much may wait for its outcome, in bytes, over all partitions. Overrides 32 MiB: V8 copies all of it each time that it collects what
 * no longer waits. 5 MiB take 40 MiB more memory and a tenth more processor time. Equals `buffer.memory`.
 */
const MAX_BUFFERED_BYTES = 3 * 1_024 * 1_024;
/** What an event takes in memory besides its key and value, in bytes, about. */
const EVENT_OVERHEAD_BYTES = 500;

/** Why a broker refuses a single event: the rest of its batch may be fine. */
const REFUSALS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: "is larger than the topic takes (max.message.bytes)",
  RECORD_LIST_TOO_LARGE: "is larger than the topic takes (segment.bytes)",
  INVALID_RECORD: "is refused by the broker's own check of records",
  INVALID_TIMESTAMP:
    "has a time that is too far from the broker's clock (message.timestamp.after.max.ms, message.timestamp.before.max.ms): " +
    "check the clock of this machine",
};

function classify(error: unknown): SendErrorAction {
  const code = protocolCodeOf(error);
  if (code !== undefined && code in REFUSALS) return "split";
  return isKafkaOutage(error) ? "retry" : "stop";
}

function explain(error: unknown, config: Config): Error {
  if (classify(error) !== "split") {
    return explainKafkaError(error, { config, action: "Sending" });
  }
  const reason = REFUSALS[protocolCodeOf(error) ?? ""];
  return new InvalidEventError(`The event ${reason}`, { cause: error });
}

const NO_HEADERS: readonly Header[] = [];

/** Sends events of one kind to a topic. */
export type EventSender<T> = Awaited<ReturnType<typeof connectSender<T>>>;

/**
 * Connects to Kafka and the registry, checks that the topic exists, and finds the schema to write by.
 *
 * @throws {UsageError} If the options contradict each other.
 * @throws {PipelineError} If Kafka or the registry can't be reached or refuses, or the topic doesn't exist.
 */
export async function connectSender<T>(
  type: EventType<T>,
  options: ProducerOptions = {},
) {
  const {
    config = resolveConfig(),
    topic = type.topic,
    idempotent = false,
    partitioner = "crc32",
    schema = "register",
  } = options;
  const { acks = idempotent ? "all" : 1 } = options;
  checkTopicName(topic);
  if (idempotent && acks !== "all") {
    throw new UsageError("An idempotent producer takes acks all");
  }
  const wait = withDeadline({ clientId: "cafe-event-producer", ...options });
  const { partitions } = await requireTopic(config, { ...wait, topic });
  const kafka = await createKafka(config, wait);
  const registry = await EventRegistry.connect(config, wait);
  const serializer = await EventSerializer.connect(registry, type, {
    topic,
    schema,
  });
  const producer = kafka.producer({ idempotent });
  await connectWithin(producer, config, wait);
  const telemetry = options.telemetry?.producing({ topic });
  const buffer = new SendBuffer(MAX_BUFFERED_BYTES);
  let stalled = 0;
  const send = async (
    messages: readonly OutgoingMessage[],
  ): Promise<bigint> => {
    const offset = await producer.send({ topic, acks, messages })
      .catch(async (error) => {
        // After a broker's start this lasts a moment; otherwise the topic is gone, and this throws that.
        if (protocolCodeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") {
          await requireTopic(config, { topic });
        }
        throw error;
      });
    if (offset === undefined) {
      throw new PipelineError(
        `Topic '${topic}' has fewer partitions than it had at the start`,
        { hint: "Start the producer again." },
      );
    }
    return offset;
  };
  const queue = (_: unknown, partition: number) =>
    new DeliveryQueue<Outgoing<T>>({
      async send(messages) {
        const ended = telemetry?.sending({ partition, messages });
        try {
          const offset = await send(messages);
          ended?.();
          return offset;
        } catch (error) {
          ended?.({ error, again: classify(error) === "retry" });
          throw error;
        }
      },
      classify,
      delivered(message, offset) {
        const { timestamp, givenKey, headers, event, delivery } = message;
        buffer.add(-message.size - EVENT_OVERHEAD_BYTES);
        delivery.delivered({
          topic,
          partition,
          offset,
          timestamp,
          key: typeof givenKey === "string" ? givenKey : keyText(givenKey),
          headers: headers?.map(encodeHeader) ?? NO_HEADERS,
          event,
        });
      },
      failed({ event, delivery, size }, error) {
        buffer.add(-size - EVENT_OVERHEAD_BYTES);
        telemetry?.failed(error);
        delivery.failed(event, explain(error, config));
      },
      stopped: () => buffer.unbound(),
      waiting(waits, reason) {
        stalled += waits ? 1 : -1;
        if (waits && stalled === 1) {
          telemetry?.waiting("kafka", true);
          options.notify?.(describeWait(config, reason));
        } else if (stalled === 0) {
          telemetry?.waiting("kafka", false);
          options.notify?.("No longer waiting for Kafka.");
        }
      },
      maxBatchCount: MAX_BATCH_COUNT,
      maxBatchBytes: MAX_BATCH_BYTES,
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
    });
  const queues = Array.from({ length: partitions }, queue);
  const bytesOf = keyEncoder();
  /** Waits until every event taken so far is delivered or has failed. */
  const flush = async () => {
    await Promise.all(queues.map((queue) => queue.flush()));
  };

  return {
    /** Takes an event, which may be any value, for sending: immediately, unless a request to its partition is under way. */
    send(event: unknown, delivery: Delivery<T>, options: SendOptions = {}): T {
      const { value, event: checked } = serializer.encode(event);
      const { key = type.key(checked), timestamp = Date.now() } = options;
      const bytes = typeof key === "string" ? bytesOf(key) : key;
      const partition = partitionOf(bytes, {
        partitioner,
        partitionsCount: queues.length,
      });
      const headers = telemetry?.creating(partition, options.headers) ??
        options.headers;
      const size = value.length + (bytes?.length ?? 0);
      buffer.add(size + EVENT_OVERHEAD_BYTES);
      queues[partition]?.push({
        partition,
        key: bytes,
        value,
        timestamp,
        headers,
        event: checked,
        givenKey: key,
        delivery,
        size,
        ended: false,
      });
      return checked;
    },
    /** Tells the observer of the run that a value of the source isn't a valid event. */
    invalid(): void {
      telemetry?.invalid();
    },
    /** Whether sending has ended for good: every further event fails. */
    get stopped(): boolean {
      return queues.some((queue) => queue.stopped);
    },
    /** Waits for room, so that a fast source doesn't fill the memory. Undefined if there is room already. */
    ready: (): Promise<void> | undefined => buffer.room(),
    flush,
    /** Fails every event that is not acknowledged yet. */
    abandon(reason: string): void {
      const error = new PipelineError(reason);
      for (const queue of queues) queue.abandon(error);
    },
    async close(): Promise<void> {
      await flush();
      // kafkajs waits for the answer to a request under way, which may never come once it was abandoned.
      await within(producer.disconnect(), {
        timeoutMs: CLOSE_TIMEOUT_MS,
        late: () => new OutageError("Kafka does not answer"),
      }).catch(() => {});
      telemetry?.ended();
    },
  };
}

/** Makes the bytes of keys, each once: most keys come again, and making them takes 3 % of an event's time. */
function keyEncoder(): (key: string) => Uint8Array {
  const keys = new Map<string, Uint8Array>();
  return (key) => {
    const known = keys.get(key);
    if (known) return known;
    const bytes = Buffer.from(key);
    if (keys.size === MAX_KEYS_COUNT) keys.clear();
    keys.set(key, bytes);
    return bytes;
  };
}

function encodeHeader([name, value]: OutgoingHeader): Header {
  return [name, typeof value === "string" ? Buffer.from(value) : value];
}
