/**
 * The request that kafkajs produces with, written by this project's own record batch encoder.
 *
 * @module
 */

import {
  encodeRecordBatch,
  gzipRecordBatch,
  type OutgoingRecord,
} from "../batches/record_batch_encoder.ts";
import type { OwnCopy } from "./own_copy.ts";

interface GroupOptions {
  readonly messages: readonly { readonly partition: number }[];
}

interface PartitionData {
  readonly partition: number;
  readonly messages: readonly OutgoingRecord[];
  readonly firstSequence?: number;
}

interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly producerId?: { toString(): string };
  readonly producerEpoch?: number;
  /** The codec's number; 0 or nothing for none. */
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly PartitionData[];
  }[];
}

interface Encoder {
  writeString(value: string | null): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBuffer(value: Uint8Array): Encoder;
  writeArray(values: readonly Encoder[]): Encoder;
}

/** kafkajs' module for the produce API. */
interface ProduceApi {
  protocol(options: { readonly version: number }): (
    options: ProduceOptions,
  ) => { readonly request: object; readonly response: unknown };
}

/** The first version that takes record batches, message format 2; versions 3 to 7 are written alike. */
const FIRST_BATCH_VERSION = 3;

/**
 * Makes kafkajs write its produce requests with {@linkcode encodeRecordBatch}. Of the codecs it compresses with gzip only, as
 * kafkajs does. It takes a request's messages as they come: all are for one partition, and it copied its list of them for each.
 */
export function patchProduceRequest(kafkajs: OwnCopy): void {
  kafkajs.replace(
    "src/producer/groupMessagesPerPartition.js",
    ({ messages }: GroupOptions) => ({
      [messages[0]?.partition ?? 0]: messages,
    }),
  );
  const EncoderClass = kafkajs.load<new () => Encoder>(
    "src/protocol/encoder.js",
  );
  const api = kafkajs.load<ProduceApi>(
    "src/protocol/requests/produce/index.js",
  );
  const encoder = () => new EncoderClass();
  const encode = (options: ProduceOptions) => {
    const { acks, timeout, topicData } = options;
    const producerId = BigInt(String(options.producerId ?? -1));
    const producerEpoch = options.producerEpoch ?? 0;
    const encodePartition = (
      { partition, messages, firstSequence }: PartitionData,
    ) => {
      const plain = encodeRecordBatch(messages, {
        producerId,
        producerEpoch,
        firstSequence: firstSequence ?? 0,
      });
      const batch = options.compression ? gzipRecordBatch(plain) : plain;
      return encoder().writeInt32(partition).writeInt32(batch.length)
        .writeBuffer(batch);
    };
    return encoder()
      // No transactional id.
      .writeString(null)
      .writeInt16(acks)
      .writeInt32(timeout)
      .writeArray(
        topicData.map(({ topic, partitions }) =>
          encoder().writeString(topic).writeArray(
            partitions.map(encodePartition),
          )
        ),
      );
  };
  const original = api.protocol;
  api.protocol = ({ version }) => {
    const exchange = original({ version });
    if (version < FIRST_BATCH_VERSION) return exchange;
    return (options) => {
      const { request, response } = exchange(options);
      const encoded = () => Promise.resolve(encode(options));
      return { request: { ...request, encode: encoded }, response };
    };
  };
}
