/**
 * The producer that sends a message as another one has it: to a given partition, with headers that may have no value.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { CompressionTypes, Kafka, Message, Producer } from "kafkajs";
import { PipelineError } from "./errors.ts";
import type { Position } from "./report.ts";

/** The value of a header that has none. kafkajs reads such headers as null, and fails when it has to send null. */
export const NO_VALUE: Buffer = Buffer.alloc(0);

/** All in-sync replicas: a letter is the only copy once its message's offset is committed. Equals `acks=all`. */
const ACKS_ALL = -1;

interface Encoder {
  mended?: true;
  writeVarInt(value: number): Encoder;
  writeVarIntBytes(value: unknown): Encoder;
}

/** Has kafkajs write a length of -1 for {@linkcode NO_VALUE}, which takes one byte as that of 0 does. */
async function mendEncoder(): Promise<void> {
  const { default: encoder } = await import(
    "kafkajs/src/protocol/encoder.js"
  );
  const prototype = encoder.prototype as Encoder;
  if (prototype.mended) return;
  prototype.mended = true;
  const original = prototype.writeVarIntBytes;
  prototype.writeVarIntBytes = function (value) {
    return value === NO_VALUE
      ? this.writeVarInt(-1)
      : original.call(this, value);
  };
}

/**
 * Makes the producer. It doesn't connect yet.
 *
 * @param kafka The client.
 * @returns The producer.
 */
export async function letterProducer(kafka: Kafka): Promise<Producer> {
  await mendEncoder();
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => ({ message }) => message.partition ?? 0,
  });
}

/**
 * Sends one message, and waits until all replicas have it.
 *
 * @param producer The producer, connected.
 * @param to The topic and the partition.
 * @param message The message.
 * @param compression The codec to send it with, if any.
 * @returns Where it is.
 * @throws {PipelineError} If there is no such partition: kafkajs of itself drops the message in silence then.
 * @throws {Error} What kafkajs throws if Kafka can't be reached, or refuses.
 */
export async function sendLetter(
  producer: Producer,
  { topic, partition }: Omit<Position, "offset">,
  message: Omit<Message, "partition">,
  compression?: CompressionTypes,
): Promise<Position> {
  const [result] = await producer.send({
    topic,
    acks: ACKS_ALL,
    ...(compression === undefined ? {} : { compression }),
    messages: [{ ...message, partition }],
  });
  if (result?.baseOffset === undefined) {
    throw new PipelineError(`There is no partition ${partition} of '${topic}'`);
  }
  return { topic, partition, offset: result.baseOffset };
}
