/**
 * Sending messages to a partition.
 *
 * @module
 */

import type { Kafka, Message as KafkajsMessage, Producer } from "./kafkajs.ts";
import { PipelineError } from "../base/errors.ts";
import type { Position } from "../events/record.ts";
import type { Connectable } from "./connectable.ts";
import type { OutgoingMessage } from "./message.ts";

/** How many brokers must have a message before it counts as delivered. Equals `acks`. */
export type Acks = 0 | 1 | "all";

/** Messages to send together. */
export interface OutgoingBatch {
  readonly topic: string;
  /** The messages, all for the same partition. */
  readonly messages: readonly OutgoingMessage[];
  /** Equals `acks`. */
  readonly acks: Acks;
  /** Whether to compress them. Equals `compression.type=gzip`. By default: `false`. */
  readonly gzip?: boolean;
}

/** A message to be sent by itself. */
export interface Letter extends OutgoingMessage {
  readonly topic: string;
}

const GZIP = 1;
const ACKS = { 0: 0, 1: 1, all: -1 } as const;

/** A client that sends messages. */
export class MessageProducer implements Connectable {
  readonly #producer: Producer;

  /**
   * Makes it. It doesn't connect yet.
   *
   * @param options Whether the broker recognises a batch that is sent again (`enable.idempotence`).
   */
  constructor(
    kafka: Kafka,
    { idempotent = false }: { readonly idempotent?: boolean } = {},
  ) {
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent,
      // kafkajs numbers an idempotent producer's batches correctly only one at a time (kafkajs issue 200).
      ...(idempotent ? { maxInFlightRequests: 1 } : {}),
      // Not called: see patchProduceRequest. Without one, kafkajs makes its own, and warns that its default has changed.
      createPartitioner: () => () => 0,
    });
  }

  connect(): Promise<void> {
    return this.#producer.connect();
  }

  disconnect(): Promise<void> {
    return this.#producer.disconnect();
  }

  /**
   * Sends one message, compressed if that makes it smaller, and waits until all in-sync replicas have it. A topic's limit is on what a
   * batch takes compressed.
   *
   * @throws {PipelineError} If the topic has no such partition.
   */
  async sendSafely({ topic, ...message }: Letter): Promise<Position> {
    const { partition } = message;
    const offset = await this.send({
      topic,
      messages: [message],
      gzip: true,
      acks: "all",
    });
    if (offset === undefined) {
      throw new PipelineError(`Topic '${topic}' has no partition ${partition}`);
    }
    return { topic, partition, offset: String(offset) };
  }

  /** Sends messages. Returns the offset of the first one; -1 with acks 0; undefined if the topic has no such partition. */
  async send(
    { topic, messages, acks, gzip = false }: OutgoingBatch,
  ): Promise<bigint | undefined> {
    const [result] = await this.#producer.send({
      topic,
      acks: ACKS[acks],
      ...(gzip ? { compression: GZIP } : {}),
      // Written by this project's own encoder, which takes its own type of message.
      messages: messages as unknown as KafkajsMessage[],
    });
    if (acks === 0) return -1n;
    // kafkajs drops what is meant for a partition that does not exist, without an error.
    const offset = result?.baseOffset;
    return offset === undefined ? undefined : BigInt(offset);
  }
}
