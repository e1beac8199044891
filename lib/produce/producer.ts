/**
 * The producer: checks and encodes each order, finds its partition, and reports what became of it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Admin, Message } from "kafkajs";
import type { Config } from "../settings/config.ts";
import { type CustomerEvent, keyOf } from "../events/order.ts";
import {
  DeliveryQueue,
  type Sendable,
  type Verdict,
} from "./delivery_queue.ts";
import {
  InvalidEventError,
  PipelineError,
  UsageError,
} from "../base/errors.ts";
import {
  connectWithin,
  createKafka,
  type KafkaOptions,
} from "../kafka/client.ts";
import {
  explainKafkaError,
  isKafkaOutage,
  protocolCodeOf,
} from "../kafka/errors.ts";
import { waitFor, type WaitOptions, withDeadline } from "../base/retry.ts";
import { type PartitionerName, partitionOf } from "../kafka/partitioner.ts";
import { pause } from "../base/pause.ts";
import { EventRegistry } from "../registry/registry.ts";
import type { EventRecord } from "../events/record.ts";
import { EventSerializer } from "../registry/serializer.ts";
import { checkTopicName, describeTopic, missingTopic } from "../kafka/topic.ts";

/** How many brokers have to have an order before it counts as delivered. Equals `acks`. */
export type Acks = 0 | 1 | "all";

/** How to send. */
export interface ProducerOptions extends KafkaOptions, WaitOptions {
  /** The topic; it has to exist. */
  readonly topic: string;
  /**
   * Equals `acks`.
   *
   * @default {1}
   */
  readonly acks?: Acks;
  /**
   * Which partition a key belongs to. Equals `partitioner` (librdkafka) and `partitioner.class` (Java).
   *
   * @default {"crc32"}
   */
  readonly partitioner?: PartitionerName;
  /**
   * Lets the broker tell an order that is sent again from a new one, so that no retry puts it in the topic twice. It takes
   * acks `all`. Equals `enable.idempotence`.
   *
   * @default {false}
   */
  readonly idempotent?: boolean;
}

/** Whom to tell what became of each order. */
export interface DeliveryHandlers {
  /** The broker acknowledged it; with acks 0, when its offset is -1: it was handed to the network. */
  readonly delivered: (record: EventRecord) => void;
  /** It was given up, and is not known to be in the topic. */
  readonly failed: (event: CustomerEvent, error: Error) => void;
}

/** An order on its way. */
interface Outgoing extends Sendable {
  readonly record: Omit<EventRecord, "offset">;
  readonly message: Message;
}

/** Where a customer's orders go. */
interface Place {
  readonly key: string;
  readonly bytes: Buffer;
  readonly partition: number;
}

/** How many customers' places are remembered. */
const MAX_PLACES = 10_000;
/** How many orders one request takes at most. */
const MAX_BATCH_COUNT = 2_000;
/** How many bytes one request takes at most: below the broker's default `message.max.bytes` of 1 MiB. */
const MAX_BATCH_BYTES = 900_000;
/** For how long one batch is sent again before it is given up, in milliseconds: Kafka's default. */
const DELIVERY_TIMEOUT_MS = 120_000;
/** How long closing the connection may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;
/** From how many waiting orders of one partition on {@linkcode EventProducer.ready} holds the sender back. */
const HIGH_WATER = 10_000;

const ACKS = { 0: 0, 1: 1, all: -1 } as const;

/** kafkajs measures only Node's buffers right: any other array of bytes becomes a record that the broker refuses. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What a broker has against a single order: the rest of its batch may be fine. */
const REFUSALS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: "is larger than the topic takes (max.message.bytes)",
  RECORD_LIST_TOO_LARGE: "is larger than the topic takes (segment.bytes)",
  INVALID_RECORD: "is refused by the broker's own check of records",
  INVALID_TIMESTAMP:
    "has a time that is too far from the broker's clock (message.timestamp.after.max.ms, message.timestamp.before.max.ms): " +
    "check the clock of this machine",
};

function judge(error: unknown): Verdict {
  const code = protocolCodeOf(error);
  if (code !== undefined && code in REFUSALS) return "split";
  return isKafkaOutage(error) ? "retry" : "stop";
}

function explain(error: unknown, config: Config): Error {
  if (judge(error) !== "split") {
    return explainKafkaError(error, config, "Sending");
  }
  const reason = REFUSALS[protocolCodeOf(error) ?? ""];
  return new InvalidEventError(`The order ${reason}`, { cause: error });
}

async function partitionsOf(
  admin: Admin,
  config: Config,
  options: ProducerOptions,
): Promise<number> {
  const wait = withDeadline(options);
  await connectWithin(admin, config, options);
  try {
    // A broker that has only just started takes connections some moments before it can do everything.
    const layout = await waitFor(
      `Kafka at ${config.brokers.join(",")}`,
      () => describeTopic(admin, options.topic),
      { ...wait, notify: undefined, isOutage: isKafkaOutage },
    );
    if (!layout) throw missingTopic(options.topic);
    return layout.partitions;
  } catch (error) {
    throw explainKafkaError(
      error,
      config,
      `Looking up topic '${options.topic}'`,
    );
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Sends orders to a topic. */
export class EventProducer {
  readonly #serializer: EventSerializer;
  readonly #partitioner: PartitionerName;
  readonly #topic: string;
  readonly #queues: readonly DeliveryQueue<Outgoing>[];
  readonly #disconnect: () => Promise<void>;
  readonly #places = new Map<string, Place>();

  private constructor(
    options: ProducerOptions,
    serializer: EventSerializer,
    queues: readonly DeliveryQueue<Outgoing>[],
    disconnect: () => Promise<void>,
  ) {
    this.#topic = options.topic;
    this.#partitioner = options.partitioner ?? "crc32";
    this.#serializer = serializer;
    this.#queues = queues;
    this.#disconnect = disconnect;
  }

  /**
   * Connects to Kafka and the registry, checks that the topic exists, and registers the schema.
   *
   * @param config Where Kafka and the registry are.
   * @param options How to send.
   * @param handlers Whom to tell what became of each order.
   * @returns The producer, ready to send.
   * @throws {PipelineError} If Kafka or the registry can't be reached or refuses, or the topic doesn't exist.
   */
  static async connect(
    config: Config,
    options: ProducerOptions,
    handlers: DeliveryHandlers,
  ): Promise<EventProducer> {
    const { topic, idempotent = false } = options;
    const { acks = idempotent ? "all" : 1 } = options;
    checkTopicName(topic);
    if (idempotent && acks !== "all") {
      throw new UsageError("An idempotent producer takes acks all");
    }
    const kafka = await createKafka(config, {
      clientId: "cafe-event-producer",
      ...options,
    });
    const wait = withDeadline(options);
    const partitions = await partitionsOf(kafka.admin(), config, wait);
    const registry = await EventRegistry.connect(config, wait);
    const serializer = await EventSerializer.register(registry, topic);
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent,
      // kafkajs numbers an idempotent producer's batches right only one at a time (kafkajs issue 200).
      ...(idempotent ? { maxInFlightRequests: 1 } : {}),
      createPartitioner: () => ({ message }) => message.partition ?? 0,
    });
    await connectWithin(producer, config, wait);
    let stalled = 0;
    const queue = () =>
      new DeliveryQueue<Outgoing>({
        async send(batch) {
          const messages = batch.map(({ message }) => message);
          const [result] = await producer
            .send({ topic, acks: ACKS[acks], messages })
            .catch(async (error) => {
              // For a moment only, after a broker's start; or for ever, and then this throws that the topic is gone.
              if (protocolCodeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") {
                await partitionsOf(kafka.admin(), config, { topic });
              }
              throw error;
            });
          if (acks !== 0 && result?.baseOffset === undefined) {
            // kafkajs drops what is meant for a partition that isn't there, and says nothing.
            throw new PipelineError(
              `Topic '${topic}' has fewer partitions than it had at the start`,
              { hint: "Start the producer again." },
            );
          }
          return BigInt(result?.baseOffset ?? -1);
        },
        judge,
        delivered: ({ record }, offset) =>
          handlers.delivered({ ...record, offset: String(offset) }),
        failed: ({ record }, error) =>
          handlers.failed(record.event, explain(error, config)),
        waiting(waits) {
          stalled += waits ? 1 : -1;
          if (waits && stalled === 1) {
            options.notify?.(
              `Waiting for Kafka at ${config.brokers.join(",")}...`,
            );
          } else if (stalled === 0) {
            options.notify?.("No longer waiting for Kafka.");
          }
        },
        maxBatchCount: MAX_BATCH_COUNT,
        maxBatchBytes: MAX_BATCH_BYTES,
        deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      });
    const queues = Array.from({ length: partitions }, queue);
    return new EventProducer(
      options,
      serializer,
      queues,
      () => producer.disconnect(),
    );
  }

  /**
   * Takes an order for sending. It is sent at once unless a request to its partition is under way.
   *
   * @param event The order; it may come from anywhere, its type is not trusted.
   * @returns The order, checked.
   * @throws {InvalidEventError} If it isn't a valid order: nothing is sent.
   */
  send(event: unknown): CustomerEvent {
    const value = this.#serializer.encode(event);
    const checked = event as CustomerEvent;
    const { key, bytes, partition } = this.#placeOf(checked);
    const timestamp = Date.now();
    this.#queues[partition]?.push({
      record: { topic: this.#topic, partition, timestamp, key, event: checked },
      message: {
        partition,
        key: bytes,
        value: asBuffer(value),
        timestamp: String(timestamp),
      },
      size: value.length + bytes.length,
    });
    return checked;
  }

  /** Finds an order's key and partition: what a customer has once, as customers order again and again. */
  #placeOf(event: CustomerEvent): Place {
    const known = this.#places.get(event.customer_name);
    if (known) return known;
    const key = keyOf(event);
    const bytes = Buffer.from(key);
    const partition = partitionOf(
      this.#partitioner,
      bytes,
      this.#queues.length,
    );
    const place = { key, bytes, partition };
    // An empty key may go anywhere, each time anew.
    if (bytes.length === 0) return place;
    if (this.#places.size === MAX_PLACES) this.#places.clear();
    this.#places.set(event.customer_name, place);
    return place;
  }

  /** Whether the producer gave up for good: what is sent from now on fails. */
  get stopped(): boolean {
    return this.#queues.some((queue) => queue.stopped);
  }

  /**
   * Tells whether too many orders are queued, so that a fast source doesn't fill the memory.
   *
   * @returns A promise of room; nothing where there is room already.
   */
  ready(): Promise<unknown> | undefined {
    const full = this.#queues.filter((queue) => queue.length >= HIGH_WATER);
    if (full.length === 0) return undefined;
    return Promise.all(full.map((queue) => queue.room(HIGH_WATER)));
  }

  /**
   * Waits until every order taken so far is delivered or given up.
   *
   * @returns When nothing waits any more; the handlers have been told of each by then.
   */
  async flush(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.flush()));
  }

  /**
   * Gives up everything that is not acknowledged yet. The handlers are told of each.
   *
   * @param reason Why.
   */
  abandon(reason: string): void {
    const error = new PipelineError(reason);
    for (const queue of this.#queues) queue.abandon(error);
  }

  /** Flushes, and closes the connection. */
  async close(): Promise<void> {
    await this.flush();
    // kafkajs waits for the answer to a request under way, which may never come once it was abandoned.
    const giveUp = new AbortController();
    await Promise.race([
      this.#disconnect().catch(() => {}),
      pause(CLOSE_TIMEOUT_MS, giveUp.signal),
    ]);
    giveUp.abort();
  }
}
