/**
 * What is read of a fetched partition's record batches: within limits, strictly, and without what was rolled back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { crc32c } from "../../../lib/kafka/batches/crc32c.ts";
import { encodeRecordBatch } from "../../../lib/kafka/batches/record_batch_encoder.ts";
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  type Piece,
  readPieces,
  type RecordSet,
} from "../../../lib/kafka/batches/record_set.ts";
import {
  craftBatch,
  type CraftedBatch,
  craftEmptyRecords,
  craftRecords,
  varint,
} from "../../support/raw_kafka.ts";
import { permittedTest } from "../../support/permissions.ts";

const GZIP = 1;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const FIRST_TIMESTAMP = 1_700_000_000_000;

function read(
  batches: readonly Uint8Array[],
  options: Partial<Omit<RecordSet, "bytes">> = {},
): Piece[] {
  return [...readPieces({
    bytes: Buffer.concat(batches),
    fetchedOffset: 0n,
    highWatermark: 2n ** 63n - 1n,
    abortedTransactions: [],
    ...options,
  }, 10_000)];
}

function offsets(pieces: readonly Piece[]): string[] {
  return pieces.flatMap(({ messages }) => messages.map(({ offset }) => offset));
}

/** A batch with so many records, each with its offset as its value. */
function plain(
  firstOffset: number,
  count = 1,
  more: Partial<CraftedBatch> = {},
): Buffer {
  const records = Array.from(
    { length: count },
    (_, n) => ({ value: String(firstOffset + n) }),
  );
  return craftBatch({ firstOffset, records, ...more });
}

/** A marker that ends a transaction. */
function marker(
  firstOffset: number,
  producerId: number,
  type: "abort" | "commit",
): Buffer {
  const key = Uint8Array.of(0, 0, 0, type === "abort" ? 0 : 1);
  return craftBatch({
    firstOffset,
    producerId,
    attributes: TRANSACTIONAL | CONTROL,
    records: [{ key, value: new Uint8Array(6) }],
  });
}

function transactional(
  firstOffset: number,
  producerId: number,
  count = 1,
): Buffer {
  return plain(firstOffset, count, { producerId, attributes: TRANSACTIONAL });
}

/** The one message that stands for a batch that can't be read. */
function damageOf(pieces: readonly Piece[]) {
  const [message] = pieces[0]?.messages ?? [];
  assert(message?.damaged, "The batch was read");
  return { ...message.damaged, offset: message.offset };
}

Deno.test("crc32c() computes the checksums of RFC 3720, whatever the length", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(new Uint8Array()), 0);
  const bytes = Uint8Array.from({ length: 40 }, (_, at) => 7 * at);
  for (let length = 0; length <= bytes.length; length++) {
    let crc = -1;
    for (const byte of bytes.subarray(0, length)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) {
        crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
      }
    }
    assertEquals(crc32c(bytes.subarray(0, length)), ~crc >>> 0);
  }
});

permittedTest(
  "readPieces() reads what kafkajs' own decoder reads",
  [{ name: "env" }],
  async () => {
    const [{ default: Decoder }, { default: decode }] = await Promise.all([
      import("kafkajs/src/protocol/decoder.js"),
      import("kafkajs/src/protocol/recordBatch/v0/decoder.js"),
    ]);
    const records = [
      { key: "k", value: "v" },
      { key: null, value: null, timestampDelta: 5 },
      { key: "", value: "", timestampDelta: -1_000 },
      { value: "é☕", timestampDelta: 2 ** 41 },
      {
        value: "7".repeat(70_000),
        offsetDelta: 9,
        headers: [["a", "1"], ["b", null], ["", ""]] as const,
      },
    ];
    const more: Record<string, Partial<CraftedBatch>> = {
      plain: {},
      "at a high offset": { firstOffset: 2n ** 62n },
      "with the broker's time": {
        attributes: LOG_APPEND_TIME,
        maxTimestamp: FIRST_TIMESTAMP + 7,
      },
    };
    for (const [name, changes] of Object.entries(more)) {
      const batch = craftBatch({
        records,
        lastOffsetDelta: 9,
        firstTimestamp: FIRST_TIMESTAMP,
        ...changes,
      });
      const pieces = read([batch]);
      const { records: expected } = await decode(new Decoder(batch));
      assertEquals(
        pieces.flatMap(({ messages }) => messages).map((message) => ({
          offset: message.offset,
          timestamp: String(message.timestamp),
          key: message.key && Buffer.from(message.key),
          value: message.value && Buffer.from(message.value),
          headers: Object.fromEntries(
            message.headers.map(([name, value]) => [
              name,
              value && Buffer.from(value),
            ]),
          ),
        })),
        expected.map((
          { offset, timestamp, key, value, headers }: Record<string, unknown>,
        ) => ({ offset, timestamp, key, value, headers })),
        name,
      );
    }
  },
);

Deno.test("readPieces() keeps headers in their sequence, repeated names and names of properties too", () => {
  const headers = [
    ["trace", "1"],
    ["10", "x"],
    ["constructor", null],
    ["trace", "2"],
    ["2", ""],
    ["__proto__", "p"],
    ["trace", "1"],
  ] as const;
  const batch = encodeRecordBatch([{ value: "v", headers }], {
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
  });
  const [piece] = read([batch]);
  assertEquals(
    piece?.messages[0]?.headers.map(([name, value]) => [
      name,
      value && new TextDecoder().decode(value),
    ]),
    headers.map((header) => [...header]),
  );
});

Deno.test("readPieces() leaves out what lies before the offset that was asked for", () => {
  const pieces = read([plain(0, 3), plain(3, 4)], { fetchedOffset: 5n });
  assertEquals(offsets(pieces), ["5", "6"]);
  assertEquals(pieces.at(-1)?.nextOffset, 7n);
});

Deno.test("readPieces() ends before a batch that is cut off, and reads nothing if that is the first", () => {
  const [first, second] = [plain(0, 2), plain(2, 2)];
  for (let length = 0; length < second.length; length++) {
    const pieces = read([first, second.subarray(0, length)]);
    assertEquals([offsets(pieces), pieces.at(-1)?.nextOffset], [
      ["0", "1"],
      2n,
    ]);
  }
  assertEquals(read([second.subarray(0, -1)]), []);
  assertEquals(read([]), []);
});

Deno.test("readPieces() moves on past batches that compaction has emptied, and past what it has removed", () => {
  const emptied = craftBatch({
    firstOffset: 3,
    records: [],
    lastOffsetDelta: 4,
  });
  assertEquals(read([emptied], { fetchedOffset: 3n }), [
    { messages: [], nextOffset: 8n },
  ]);
  const thinned = craftBatch({
    firstOffset: 8,
    records: [{ offsetDelta: 2 }, { offsetDelta: 5 }],
    lastOffsetDelta: 9,
  });
  const pieces = read([plain(0, 3), emptied, thinned]);
  assertEquals(offsets(pieces), ["0", "1", "2", "10", "13"]);
  assertEquals(pieces.at(-1)?.nextOffset, 18n);
});

Deno.test("readPieces() never goes beyond the high watermark, whatever a header claims", () => {
  const lying = plain(2, 2, { lastOffsetDelta: 1_000 });
  const pieces = read([plain(0, 2), lying], { highWatermark: 4n });
  assertEquals([offsets(pieces), pieces.at(-1)?.nextOffset], [["0", "1"], 2n]);
});

Deno.test("readPieces() moves on past control batches, and takes no message's key for a marker", () => {
  const key = new Uint8Array(4);
  const message = craftBatch({
    firstOffset: 1,
    records: [{ key, value: "v" }],
  });
  const pieces = read([
    marker(0, 7, "commit"),
    message,
    marker(2, 7, "commit"),
  ]);
  assertEquals(offsets(pieces), ["1"]);
  assertEquals(pieces.at(-1)?.nextOffset, 3n);
});

Deno.test("readPieces() leaves out two transactions that were rolled back side by side", () => {
  const pieces = read([
    transactional(0, 1),
    transactional(1, 2),
    marker(2, 2, "abort"),
    transactional(3, 1),
    marker(4, 1, "abort"),
    transactional(5, 3),
    marker(6, 3, "commit"),
  ], {
    // As the broker lists them: by their last offsets.
    abortedTransactions: [
      { producerId: 2n, firstOffset: 1n },
      { producerId: 1n, firstOffset: 0n },
    ],
  });
  assertEquals(offsets(pieces), ["5"]);
  assertEquals(pieces.at(-1)?.nextOffset, 7n);
});

Deno.test("readPieces() tells a producer's rolled-back transaction from its committed ones before and after", () => {
  const key = new Uint8Array(4);
  const forged = craftBatch({
    firstOffset: 4,
    producerId: 1,
    attributes: TRANSACTIONAL,
    records: [{ key, value: "looks like a marker" }],
  });
  const pieces = read([
    transactional(0, 1),
    marker(1, 1, "commit"),
    plain(2, 1, { producerId: 1 }),
    transactional(3, 1),
    forged,
    transactional(5, 1),
    transactional(6, 9),
    marker(7, 1, "abort"),
    transactional(8, 1),
    marker(9, 1, "commit"),
    marker(10, 9, "commit"),
  ], { abortedTransactions: [{ producerId: 1n, firstOffset: 3n }] });
  assertEquals(offsets(pieces), ["0", "2", "6", "8"]);
});

Deno.test("readPieces() leaves out the rest of a rolled-back transaction that began before the fetch", () => {
  const pieces = read([
    transactional(4, 1, 3),
    plain(7),
    transactional(8, 1),
    marker(9, 1, "abort"),
    transactional(10, 1),
  ], {
    fetchedOffset: 5n,
    abortedTransactions: [{ producerId: 1n, firstOffset: 2n }],
  });
  assertEquals(offsets(pieces), ["7", "10"]);
});

Deno.test("readPieces() reads a large batch in pieces, each with where it ends", () => {
  const count = 149_000;
  const batch = craftBatch({
    records: craftEmptyRecords(count),
    count,
  });
  const compressed = craftBatch({
    records: gzipSync(batch.subarray(61)),
    firstOffset: count,
    count,
    attributes: GZIP,
  });
  const pieces = read([batch, compressed]);
  assertEquals(pieces.at(-1)?.nextOffset, BigInt(2 * count));
  let next = 0n;
  for (const { messages, nextOffset } of pieces) {
    assert(messages.length <= 20_000);
    assertEquals(messages[0]?.offset, String(next));
    assertEquals(nextOffset, next + BigInt(messages.length));
    next = nextOffset;
  }
});

Deno.test("readPieces() inflates a batch only when its turn comes", () => {
  const records = craftRecords([{ value: Buffer.alloc(9_000_000) }]);
  const batches = [0, 1, 2].map((firstOffset) =>
    craftBatch({
      records: gzipSync(records),
      count: 1,
      attributes: GZIP,
      firstOffset,
    })
  );
  assertEquals(read(batches).map(({ nextOffset }) => nextOffset), [1n, 2n, 3n]);
});

Deno.test("readPieces() takes a batch of exactly the limit, and refuses a larger one", () => {
  const ofLength = (length: number) => {
    // Attributes, time, offset, key, the length of the value, no headers.
    const value = Buffer.alloc(length - 4 - 1 - 1 - 1 - 1 - 4 - 1);
    const records = craftRecords([{ value }]);
    assertEquals(records.length, length);
    return read([
      craftBatch({ records: gzipSync(records), count: 1, attributes: GZIP }),
    ]);
  };
  assertEquals(offsets(ofLength(MAX_BATCH_BYTES)), ["0"]);
  assertEquals(
    damageOf(ofLength(MAX_BATCH_BYTES + 1)).reason,
    "it inflates to more than the limit of 67108864 bytes",
  );
});

const ONE = craftRecords([{ value: "v" }]);
const DAMAGED: readonly {
  readonly what: string;
  readonly batch: CraftedBatch;
  readonly reason: string;
}[] = [
  {
    what: "fails its checksum",
    batch: { records: [{ value: "v" }], spoilt: true },
    reason: "it fails its checksum",
  },
  {
    what: "is not the gzip that it says",
    batch: { records: new Uint8Array(9), count: 1, attributes: GZIP },
    reason: "its gzip stream is damaged (incorrect header check)",
  },
  {
    what: "is of a codec that Kafka doesn't have",
    batch: { records: ONE, count: 1, attributes: 6 },
    reason: "Kafka has no such codec",
  },
  {
    what: "has fewer records than its header tells of",
    batch: { records: ONE, count: 3 },
    reason: "it holds 1 records instead of the 3 of its header",
  },
  {
    what: "has more records than its header tells of",
    batch: { records: [{}, {}], count: 1 },
    reason: "it goes on after the 1 records of its header",
  },
  {
    what: "tells of less than no record",
    batch: { records: ONE, count: -1, lastOffsetDelta: 0 },
    reason: "its header tells of -1 records, and the limit is 1000000",
  },
  {
    what: "tells of more records than the limit",
    batch: { records: ONE, count: MAX_BATCH_RECORDS + 1 },
    reason: "its header tells of 1000001 records, and the limit is 1000000",
  },
  {
    what: "ends within a record",
    batch: { records: Uint8Array.of(8, 0), count: 1 },
    reason: "a record in it is cut off",
  },
  {
    what: "ends within a number",
    batch: { records: Uint8Array.of(0x80), count: 1 },
    reason: "a record in it is cut off",
  },
  {
    what: "has a record of a negative length",
    batch: { records: Uint8Array.of(1), count: 1 },
    reason: "a record in it is cut off",
  },
  {
    what: "has a number without an end",
    batch: { records: new Uint8Array(20).fill(0xff), count: 1 },
    reason: "a record in it has a number of more than 64 bits",
  },
  {
    what: "has a record that is longer than its fields",
    batch: {
      records: Buffer.concat([varint(7), Buffer.from([0, 0, 0, 1, 1, 0, 0])]),
      count: 1,
    },
    reason: "a record in it is longer than its fields",
  },
  {
    what: "has a header without a name",
    batch: {
      records: Buffer.concat([varint(7), Buffer.from([0, 0, 0, 1, 1, 2, 1])]),
      count: 1,
    },
    reason: "a header in it has no name",
  },
  {
    what: "has a record with less than no headers",
    batch: {
      records: Buffer.concat([varint(6), Buffer.from([0, 0, 0, 1, 1, 1])]),
      count: 1,
    },
    reason: "a record in it has -1 headers",
  },
  {
    what: "has an offset beyond its last one",
    batch: { records: [{ offsetDelta: 5 }] },
    reason: "a record in it has offset delta 5, not one from 0 to 0",
  },
  {
    what: "has an offset before its first one",
    batch: { records: [{ offsetDelta: -1 }] },
    reason: "a record in it has offset delta -1, not one from 0 to 0",
  },
  {
    what: "has offsets that don't ascend",
    batch: { records: [{ offsetDelta: 1 }, { offsetDelta: 1 }, {}] },
    reason: "a record in it has offset delta 1, not one from 2 to 2",
  },
  {
    what: "has an offset beyond 64 bits of them",
    batch: { records: [{ offsetDelta: 2n ** 62n }] },
    reason:
      "a record in it has offset delta 4611686018427388000, not one from 0 to 0",
  },
  {
    what: "is of the message format of Kafka 0.10",
    batch: { records: [{ value: "v" }], magic: 1 },
    reason: "message format 1 is not supported",
  },
];

for (const { what, batch, reason } of DAMAGED) {
  Deno.test(`readPieces() makes one message of a batch that ${what}`, () => {
    const bytes = craftBatch({ firstOffset: 41, ...batch });
    const pieces = read([plain(40), bytes, plain(900)]);
    assertEquals(pieces[0]?.messages[0]?.offset, "40");
    const message = pieces[0]?.messages[1];
    assertEquals(message?.damaged?.reason, reason);
    assertEquals(message?.damaged?.firstOffset, "41");
    // The rest is left to the next fetch, which knows what was rolled back.
    assertEquals(pieces.length, 1);
    assertEquals(pieces[0]?.messages.length, 2);
    const last = BigInt(message?.offset ?? 0);
    assertEquals(pieces[0]?.nextOffset, last + 1n);
    if (batch.magic === undefined) {
      assertEquals(
        Buffer.from(message?.value ?? []).equals(bytes.subarray(61)),
        true,
      );
    }
  });
}

Deno.test("readPieces() names the codec and the last offset of a batch that it can't read", () => {
  const spoilt = { spoilt: true, records: gzipSync(ONE), count: 3 };
  const batch = craftBatch({ ...spoilt, firstOffset: 5, attributes: GZIP });
  assertEquals(damageOf(read([batch])), {
    codec: "gzip",
    firstOffset: "5",
    offset: "7",
    reason: "it fails its checksum",
  });
  const uncompressed = craftBatch({ records: ONE, count: 1, spoilt: true });
  assertEquals(damageOf(read([uncompressed])).codec, "none");
});

Deno.test("readPieces() leaves out a damaged batch of a rolled-back transaction", () => {
  const damaged = craftBatch({
    records: [{ offsetDelta: 5 }],
    producerId: 1,
    attributes: TRANSACTIONAL,
  });
  const pieces = read([damaged, marker(1, 1, "abort")], {
    abortedTransactions: [{ producerId: 1n, firstOffset: 0n }],
  });
  assertEquals(pieces, [{ messages: [], nextOffset: 2n }]);
});
