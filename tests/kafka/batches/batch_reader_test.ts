/**
 * Tests that batches of a fetch response are found, read within limits, and named where they can't be read.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  FetchContext,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  readBatch,
  UndecodableBatchError,
} from "../../../lib/kafka/batches/batch_reader.ts";
import { crc32c } from "../../../lib/kafka/batches/crc32c.ts";
import { findBatches } from "../../../lib/kafka/batches/fetched_batches.ts";
import { concat } from "./vectors.ts";

const GZIP = 1;
const VERSION = 11;

function int(value: number | bigint, bytes: number): number[] {
  return Array.from(
    { length: bytes },
    (_, at) => Number((BigInt(value) >> BigInt(8 * (bytes - 1 - at))) & 0xffn),
  );
}

interface BatchSpec {
  readonly offset: number;
  /** How many records its header tells of; as many as there are by default. */
  readonly count?: number;
  /** Its records, before they are compressed. */
  readonly records?: Uint8Array;
  /** What stands in place of the compressed records. */
  readonly data?: Uint8Array;
  readonly spoilt?: boolean;
}

/** Records of one zero byte each: enough for what counts them. */
function records(count: number): Uint8Array {
  return new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 2 : 0);
}

function batch(spec: BatchSpec): Uint8Array<ArrayBuffer> {
  const content = spec.records ?? records(spec.count ?? 1);
  const data = spec.data ?? gzipSync(content);
  const count = spec.count ?? 1;
  const checked = concat(
    int(GZIP, 2),
    int(count - 1, 4),
    new Uint8Array(30).fill(0),
    int(count, 4),
    data,
  );
  const checksum = crc32c(checked) ^ (spec.spoilt ? 1 : 0);
  return concat(
    int(spec.offset, 8),
    int(9 + checked.length, 4),
    int(0, 4),
    [2],
    int(checksum >>> 0, 4),
    checked,
  );
}

/** A fetch response of version 11. */
function response(
  topics: Readonly<Record<string, readonly (readonly Uint8Array[])[]>>,
): Uint8Array<ArrayBuffer> {
  const names = Object.entries(topics);
  return concat(
    int(0, 4 + 2 + 4),
    int(names.length, 4),
    ...names.map(([name, partitions]) =>
      concat(
        int(name.length, 2),
        new TextEncoder().encode(name),
        int(partitions.length, 4),
        ...partitions.map((batches, partition) =>
          concat(
            int(partition, 4),
            int(0, 2 + 8 + 8 + 8),
            // One aborted transaction in every other partition: the list has to be passed over.
            partition % 2 === 0 ? int(-1, 4) : concat(int(1, 4), int(7, 16)),
            int(-1, 4),
            int(batches.reduce((sum, { length }) => sum + length, 0), 4),
            ...batches,
          )
        ),
      )
    ),
  );
}

/** The context of a response, and how to read its batches in their order. */
function fetched(...partitions: (readonly Uint8Array[])[]) {
  const bytes = response({ orders: partitions });
  const context = new FetchContext(bytes, VERSION);
  const starts = [...findBatches(bytes, VERSION).keys()];
  const lengths = partitions.flat().map(({ length }) => length - 61);
  return (index: number) => {
    const start = starts[index] as number;
    const data = bytes.subarray(start, start + (lengths[index] as number));
    return readBatch(GZIP, data, context);
  };
}

async function messageOf(reading: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => reading, UndecodableBatchError);
  assertEquals(error.retriable, false);
  assertEquals(error.cause, undefined);
  return error.message;
}

Deno.test("crc32c() computes the checksums of RFC 3720", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(new Uint8Array()), 0);
});

Deno.test("findBatches() finds every batch of every topic and partition", () => {
  const bytes = response({
    a: [[batch({ offset: 5, count: 3 }), batch({ offset: 8 })], []],
    "b-": [[], [batch({ offset: 2 ** 33 })]],
  });
  const found = [...findBatches(bytes, VERSION).values()].map((one) => ({
    ...one,
    header: [one.header?.firstOffset, one.header?.lastOffset],
  }));
  assertEquals(found, [
    { topic: "a", partition: 0, first: true, header: [5n, 7n] },
    { topic: "a", partition: 0, first: false, header: [8n, 8n] },
    { topic: "b-", partition: 1, first: true, header: [2n ** 33n, 2n ** 33n] },
  ]);
});

Deno.test("findBatches() takes a batch for the first where only empty ones come before it", () => {
  const bytes = response({
    a: [[batch({ offset: 5, count: 0 }), batch({ offset: 6 })]],
  });
  const firsts = [...findBatches(bytes, VERSION).values()].map(({ first }) =>
    first
  );
  assertEquals(firsts, [true, true]);
});

Deno.test("readBatch() inflates what is sound", async () => {
  const read = fetched([batch({ offset: 0, count: 4 })]);
  assertEquals(new Uint8Array(await read(0)), records(4));
});

Deno.test("readBatch() names topic, partition, offsets, codec and limit of a bomb", async () => {
  const bomb = gzipSync(new Uint8Array(MAX_BATCH_BYTES + 1));
  const read = fetched([], [batch({ offset: 41, count: 2, data: bomb })]);
  assertEquals(
    await messageOf(read(0)),
    "The batch of topic 'orders', partition 1, offsets 41 to 42, compressed by gzip, can't be read: " +
      "it inflates to more than the limit of 67108864 bytes (64 MiB)",
  );
});

Deno.test("readBatch() takes a batch of exactly the limit", async () => {
  const content = new Uint8Array(MAX_BATCH_BYTES);
  // One record that fills it: its length in zigzag, in 4 bytes of 7 bits.
  const length = 2 * (MAX_BATCH_BYTES - 4);
  for (let at = 0; at < 4; at++) {
    content[at] = ((length >>> (7 * at)) & 0x7f) | (at < 3 ? 0x80 : 0);
  }
  const read = fetched([batch({ offset: 0, records: content })]);
  assertEquals((await read(0)).length, MAX_BATCH_BYTES);
});

Deno.test("readBatch() hands over a batch that can't be read, so that it can be kept and gone behind", async () => {
  const read = fetched([batch({ offset: 41, count: 2, spoilt: true })]);
  const { batch: kept, message } = await assertRejects(
    () => read(0),
    UndecodableBatchError,
  );
  assertEquals(
    kept && { ...kept, data: kept.data.length > 0 },
    {
      data: true,
      codec: "gzip",
      reason: message,
      records: 2,
      lastOffsetDelta: 1,
    },
  );
});

Deno.test("readBatch() hands over no batch that claims more records than can be gone through", async () => {
  const count = MAX_BATCH_RECORDS + 1;
  const read = fetched([batch({ offset: 0, count, records: records(1) })]);
  const error = await assertRejects(() => read(0), UndecodableBatchError);
  assertEquals(error.batch, undefined);
});

for (
  const { what, spec, reason } of [
    {
      what: "fails its checksum",
      spec: { spoilt: true },
      reason: "it fails its checksum",
    },
    {
      what: "is no gzip",
      spec: { data: new Uint8Array(9) },
      reason: "its gzip stream is damaged (incorrect header check)",
    },
    {
      what: "has fewer records than its header tells of",
      spec: { count: 3, records: records(2) },
      reason: "it holds 2 records, where its header tells of 3",
    },
    {
      what: "has more records than its header tells of",
      spec: { count: 1, records: records(2) },
      reason: "it holds 2 records, where its header tells of 1",
    },
    {
      what: "ends within a record",
      spec: { records: Uint8Array.of(8, 0) },
      reason: "a record in it is cut off",
    },
    {
      what: "ends within a record's length",
      spec: { records: Uint8Array.of(0x80) },
      reason: "a record in it has no length",
    },
    {
      what: "has more records than fit on the stack",
      spec: { count: MAX_BATCH_RECORDS + 1 },
      reason: "it has 100001 records, more than the limit of 100000",
    },
  ]
) {
  Deno.test(`readBatch() refuses a batch that ${what}`, async () => {
    const read = fetched([batch({ offset: 0, ...spec })]);
    const message = await messageOf(read(0));
    assert(message.endsWith(`can't be read: ${reason}`), message);
  });
}

Deno.test("readBatch() leaves a bad batch behind good ones for the next fetch", async () => {
  const read = fetched([
    batch({ offset: 0 }),
    batch({ offset: 1, spoilt: true }),
  ]);
  await read(0);
  const error = await assertRejects(() => read(1), Error);
  assertEquals(error.name, "KafkaJSPartialMessageError");
});

Deno.test("readBatch() leaves what goes beyond a fetch's budget for the next one, but each partition's first", async () => {
  // 20,000 records cost about 20 MiB as objects: three of these behind the first fit in 64 MiB, and no fourth.
  const many = Array.from(
    { length: 5 },
    (_, at) => batch({ offset: 20_000 * at, count: 20_000 }),
  );
  const read = fetched(many, [batch({ offset: 0, count: 20_000 })]);
  for (let index = 0; index < 4; index++) await read(index);
  const error = await assertRejects(() => read(4), Error);
  assertEquals(error.name, "KafkaJSPartialMessageError");
  assertEquals((await read(5)).length, 40_000);
});

Deno.test("readBatch() tells what it can of a batch that came with no known response", async () => {
  assertEquals(
    await messageOf(readBatch(6, new Uint8Array(4))),
    "A batch compressed by codec 6 can't be read: Kafka knows no such codec",
  );
});
