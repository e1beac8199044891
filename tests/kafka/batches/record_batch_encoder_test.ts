/**
 * The record batch encoder, held against kafkajs' own decoder and against Kafka's rules.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { crc32c } from "../../../lib/kafka/batches/crc32c.ts";
import {
  encodeRecordBatch,
  type OutgoingRecord,
} from "../../../lib/kafka/batches/record_batch_encoder.ts";
import { permittedTest } from "../../support/permissions.ts";

const NOBODY = { producerId: -1n, producerEpoch: -1, firstSequence: -1 };
/** kafkajs reads the environment as soon as it is imported. */
const NEEDS: readonly Deno.PermissionDescriptor[] = [{ name: "env" }];

interface DecodedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer | null | (Buffer | null)[]>;
}

async function decode(batch: Buffer): Promise<readonly DecodedRecord[]> {
  const [{ default: Decoder }, { default: decodeBatch }] = await Promise.all([
    import("kafkajs/src/protocol/decoder.js"),
    import("kafkajs/src/protocol/recordBatch/v0/decoder.js"),
  ]);
  const { records } = await decodeBatch(new Decoder(batch));
  return records;
}

const bytes = (text: string) => Buffer.from(text);

const RECORDS: readonly OutgoingRecord[] = [
  { key: "k", value: "v", timestamp: 1_700_000_000_000 },
  { key: null, value: null, timestamp: 1_700_000_000_005 },
  { key: "", value: "", timestamp: 1_699_999_999_000 },
  {
    value: bytes("é☕"),
    timestamp: 1_700_000_900_000,
    headers: [
      ["b", bytes("x")],
      ["a", "1"],
      ["b", null],
      ["c", null],
      ["b", bytes("y")],
      ["", ""],
    ],
  },
  { key: "long", value: Buffer.alloc(70_000, 7), timestamp: 4_102_444_800_000 },
];

permittedTest(
  "encodeRecordBatch() writes what kafkajs reads: keys, values, times and headers, null or empty ones too",
  NEEDS,
  async () => {
    const decoded = await decode(encodeRecordBatch(RECORDS, NOBODY));
    assertEquals(
      decoded.map(({ offset, timestamp, key, value, headers }) => ({
        offset,
        timestamp,
        key: key && key.toString(),
        value: value && value.toString("hex"),
        headers: { ...headers },
      })),
      RECORDS.map((record, i) => ({
        offset: String(i),
        timestamp: String(record.timestamp),
        key: record.key == null ? null : String(record.key),
        value: record.value === null
          ? null
          : Buffer.from(record.value as string).toString("hex"),
        headers: record.headers
          ? {
            a: bytes("1"),
            b: [bytes("x"), null, bytes("y")],
            c: null,
            "": bytes(""),
          }
          : {},
      })),
    );
  },
);

Deno.test("encodeRecordBatch() fills in the header as the format has it, its checksum over all from the attributes on", () => {
  const batch = encodeRecordBatch(RECORDS, {
    producerId: 2n ** 40n,
    producerEpoch: 3,
    firstSequence: 17,
  });
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  assertEquals({
    length: view.getInt32(8),
    magic: view.getInt8(16),
    checksum: view.getUint32(17),
    attributes: view.getInt16(21),
    lastOffsetDelta: view.getInt32(23),
    firstTimestamp: view.getBigInt64(27),
    maxTimestamp: view.getBigInt64(35),
    producerId: view.getBigInt64(43),
    producerEpoch: view.getInt16(51),
    firstSequence: view.getInt32(53),
    count: view.getInt32(57),
  }, {
    length: batch.length - 12,
    magic: 2,
    checksum: crc32c(batch.subarray(21)),
    attributes: 0,
    lastOffsetDelta: 4,
    firstTimestamp: 1_700_000_000_000n,
    maxTimestamp: 4_102_444_800_000n,
    producerId: 2n ** 40n,
    producerEpoch: 3,
    firstSequence: 17,
    count: 5,
  });
});
