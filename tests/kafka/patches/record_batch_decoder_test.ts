/**
 * The reader of record batches, held against kafkajs' own.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { batchDecoder } from "../../../lib/kafka/patches/record_batch_decoder.ts";
import { encodeRecordBatch } from "../../../lib/kafka/batches/record_batch.ts";
import { permittedTest } from "../../support/permissions.ts";

const NOBODY = { producerId: -1n, producerEpoch: -1, firstSequence: -1 };
const HEADER_LENGTH = 61;

const RECORDS = [
  { key: "k", value: "v", timestamp: 1_700_000_000_000 },
  { key: null, value: null, timestamp: 1_700_000_000_005 },
  { key: "", value: "", timestamp: 1_699_999_999_000 },
  {
    value: "é☕",
    timestamp: 4_102_444_800_000,
    headers: { a: "1", b: ["x", null, "y"], "": "" },
  },
  // A value whose length takes three bytes, and an offset that leaves a gap, as compaction does.
  { key: "long", value: "7".repeat(70_000), timestamp: 0, offsetDelta: 9 },
];

const plain = batchDecoder(() => null);

function read(batch: Buffer, decode = plain) {
  return decode({ buffer: batch, offset: 0 });
}

function batchWith(
  change: (batch: Buffer) => void = () => {},
  records: Parameters<typeof encodeRecordBatch>[0] = RECORDS,
): Buffer {
  const batch = encodeRecordBatch(records, NOBODY);
  change(batch);
  return batch;
}

permittedTest(
  "batchDecoder() reads what kafkajs' own decoder reads",
  [{ name: "env" }],
  async () => {
    const [{ default: Decoder }, { default: original }] = await Promise.all([
      import("kafkajs/src/protocol/decoder.js"),
      import("kafkajs/src/protocol/recordBatch/v0/decoder.js"),
    ]);
    const batches = {
      plain: batchWith(),
      "at a high offset": batchWith((batch) =>
        batch.writeBigInt64BE(2n ** 62n, 0)
      ),
      "with the broker's time": batchWith((batch) =>
        batch.writeInt16BE(0x08, 21)
      ),
      "in a transaction": batchWith((batch) => batch.writeInt16BE(0x10, 21)),
      "of control records": batchWith((batch) => batch.writeInt16BE(0x20, 21)),
      "of an idempotent producer": batchWith((batch) => {
        batch.writeBigInt64BE(2n ** 40n, 43);
        batch.writeInt16BE(3, 51);
        batch.writeInt32BE(17, 53);
      }),
    };
    const shown = (value: unknown) =>
      JSON.stringify(
        value,
        (_, one) =>
          one !== null && typeof one === "object" && !Array.isArray(one)
            ? Object.fromEntries(
              Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1),
            )
            : one,
      );
    for (const [name, batch] of Object.entries(batches)) {
      const { records } = await original(new Decoder(batch));
      assertEquals(shown((await read(batch)).records), shown(records), name);
    }
  },
);

Deno.test("batchDecoder() reads a batch at its place, moves on behind it, and then the next", async () => {
  const batch = batchWith();
  const source = { buffer: Buffer.concat([batch, batch]), offset: 0 };
  for (const end of [batch.length, 2 * batch.length]) {
    const { records } = await plain(source);
    assertEquals(source.offset, end);
    assertEquals(records.map(({ offset }) => offset), [
      "0",
      "1",
      "2",
      "3",
      "9",
    ]);
  }
});

Deno.test("batchDecoder() inflates what is compressed by the codec that the attributes name", async () => {
  const batch = batchWith();
  const records = gzipSync(batch.subarray(HEADER_LENGTH));
  const compressed = Buffer.concat([batch.subarray(0, HEADER_LENGTH), records]);
  compressed.writeInt32BE(compressed.length - 12, 8);
  compressed.writeInt16BE(1, 21);
  const asked: number[] = [];
  const decode = batchDecoder((attributes) => {
    asked.push(attributes);
    return { decompress: (data) => Promise.resolve(gunzipSync(data)) };
  });
  const { records: read1 } = await read(compressed, decode);
  const { records: read2 } = await read(batch);
  assertEquals(
    read1.map(({ value }) => value),
    read2.map(({ value }) => value),
  );
  assertEquals(asked, [1]);
});

Deno.test("batchDecoder() takes a batch that the broker cut off for the end of the fetch", async () => {
  const batch = batchWith();
  for (const length of [HEADER_LENGTH, batch.length - 1]) {
    const error = await assertRejects(
      () => read(batch.subarray(0, length)),
      Error,
    );
    assertEquals(error.name, "KafkaJSPartialMessageError");
  }
});

Deno.test("batchDecoder() never reads beyond a batch, or a record, that is cut off within", async () => {
  const whole = batchWith(undefined, RECORDS.slice(0, 4));
  const following = Buffer.alloc(1_000, 0x02);
  for (let length = HEADER_LENGTH; length < whole.length; length++) {
    const batch = Buffer.concat([whole.subarray(0, length), following]);
    batch.writeInt32BE(length - 12, 8);
    await assertRejects(() => read(batch), RangeError);
  }
  // The first record says that it ends before its value does.
  const short = batchWith();
  short[HEADER_LENGTH] = (short[HEADER_LENGTH] ?? 0) - 4;
  await assertRejects(() => read(short), RangeError);
});

Deno.test("batchDecoder() reads headers that are called as what every object has", async () => {
  const value = "own";
  const headers = { constructor: value, toString: value };
  const { records: [first, second] } = await read(
    batchWith(undefined, [{ value, timestamp: 0, headers }, {
      value,
      timestamp: 0,
    }]),
  );
  assertEquals(
    Object.entries(first?.headers ?? {}).map(([name, one]) => [name, `${one}`]),
    Object.entries(headers),
  );
  assert(second && !("constructor" in second.headers));
});
