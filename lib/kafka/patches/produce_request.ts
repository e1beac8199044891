/**
 * The request that kafkajs produces with, written by this project's own record batch encoder.
 *
 * @module
 */

import { Buffer } from "node:buffer";
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

/** kafkajs' class `Encoder`, as far as it is used. */
export interface Encoder {
  writeBoolean(value: boolean): this;
  writeBuffer(value: Buffer): this;
  writeArray(values: readonly unknown[]): this;
  writeString(value: string | null): this;
  writeInt16(value: number): this;
  writeInt32(value: number): this;
  readonly buffer: Buffer;
}

/** What kafkajs makes a request's bytes of. */
interface RequestOptions {
  readonly correlationId: number;
  readonly clientId: string;
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    /** kafkajs' own requests write into an encoder, produce requests into several buffers. */
    encode():
      | { readonly buffer: readonly Buffer[] }
      | Promise<{ readonly buffer: Buffer }>;
  };
}

/** kafkajs' module for the produce API. */
interface ProduceApi {
  protocol(options: { readonly version: number }): (
    options: ProduceOptions,
  ) => { readonly request: object; readonly response: unknown };
}

/**
 * Makes kafkajs write its produce requests with {@linkcode encodeRecordBatch}, and copy a batch once: it copies what it sends four
 * times. Of the codecs it compresses with gzip only, as kafkajs does. It takes a request's messages as they come: all are for one
 * partition, and it copied its list of them for each.
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
  const encoder = () => new EncoderClass();
  kafkajs.replace(
    "src/protocol/request.js",
    async ({ correlationId, clientId, request }: RequestOptions) => {
      const { buffer } = await request.encode();
      const parts = [
        encoder()
          .writeInt16(request.apiKey)
          .writeInt16(request.apiVersion)
          .writeInt32(correlationId)
          .writeString(clientId).buffer,
        buffer,
      ].flat();
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const size = encoder().writeInt32(length).buffer;
      return { buffer: Buffer.concat([size, ...parts]) };
    },
  );
  const api = kafkajs.load<ProduceApi>(
    "src/protocol/requests/produce/index.js",
  );
  const encode = (options: ProduceOptions) => {
    const { acks, timeout, topicData } = options;
    const producerId = BigInt(String(options.producerId ?? -1));
    const producerEpoch = options.producerEpoch ?? 0;
    const parts = [
      encoder()
        // No transactional id.
        .writeString(null)
        .writeInt16(acks)
        .writeInt32(timeout)
        .writeInt32(topicData.length).buffer,
    ];
    for (const { topic, partitions } of topicData) {
      parts.push(
        encoder().writeString(topic).writeInt32(partitions.length).buffer,
      );
      for (const { partition, messages, firstSequence = 0 } of partitions) {
        const plain = encodeRecordBatch(messages, {
          producerId,
          producerEpoch,
          firstSequence,
        });
        const batch = options.compression ? gzipRecordBatch(plain) : plain;
        parts.push(
          encoder().writeInt32(partition).writeInt32(batch.length).buffer,
          batch,
        );
      }
    }
    return { buffer: parts };
  };
  const original = api.protocol;
  api.protocol = ({ version }) => {
    const exchange = original({ version });
    // Versions 3 to 7 are written alike; brokers that take none of them have no messages of format 2 either.
    return (options) => {
      const { request, response } = exchange(options);
      return {
        request: { ...request, encode: () => encode(options) },
        response,
      };
    };
  };
}
