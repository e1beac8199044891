/**
 * The request that kafkajs produces with, written by this project's own record batch encoder.
 *
 * @module
 */

import {
  encodeRecordBatch,
  gzipRecordBatch,
  type OutgoingRecord,
} from "../record_batch.ts";
import { replaceModule } from "./replace_module.ts";

/** One partition's part of the request. */
interface PartitionData {
  readonly partition: number;
  readonly messages: readonly OutgoingRecord[];
  readonly firstSequence?: number;
}

/** What kafkajs asks for. */
interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly producerId?: { toString(): string };
  readonly producerEpoch?: number;
  /** The codec's number; 0 or nothing for none. */
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly PartitionData[];
  }[];
}

/** As much of kafkajs' encoder as is used here. */
interface Encoder {
  writeString(value: string | null): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBuffer(value: Uint8Array): Encoder;
  writeEncoder(value: Encoder): Encoder;
  writeArray(values: readonly Encoder[]): Encoder;
}

/**
 * Has kafkajs write its produce requests (versions 3 to 7, which differ in their number alone) with
 * {@linkcode encodeRecordBatch}. Of the codecs it compresses with gzip alone, as kafkajs does.
 */
export async function mendProduceRequest(): Promise<void> {
  const [{ default: EncoderClass }, { default: original }] = await Promise.all([
    import("kafkajs/src/protocol/encoder.js"),
    import("kafkajs/src/protocol/requests/produce/v3/request.js"),
  ]);
  const encoder = (): Encoder => new EncoderClass() as unknown as Encoder;
  const request = (options: ProduceOptions) => {
    const { acks, timeout, transactionalId = null, topicData } = options;
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
    return {
      ...original(options as never) as object,
      encode: () =>
        Promise.resolve(
          encoder()
            .writeString(transactionalId)
            .writeInt16(acks)
            .writeInt32(timeout)
            .writeArray(topicData.map(({ topic, partitions }) =>
              encoder().writeString(topic).writeArray(
                partitions.map(encodePartition),
              )
            )),
        ),
    };
  };
  replaceModule("src/protocol/requests/produce/v3/request.js", request);
}
