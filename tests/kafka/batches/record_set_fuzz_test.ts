/**
 * Record sets that were damaged at random: read, or set aside as damaged, within bounds. A seed repeats a run: `FUZZ_SEED=…`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { assert } from "@std/assert";
import { crc32c } from "../../../lib/kafka/batches/crc32c.ts";
import { HEADER_OFFSETS } from "../../../lib/kafka/batches/header_offsets.ts";
import { readPieces } from "../../../lib/kafka/batches/record_set.ts";
import { randomSource } from "../../../lib/events/random.ts";
import { craftBatch, craftRecords } from "../../support/raw_kafka.ts";
import { concat, VECTORS } from "./vectors.ts";
import { processorMs } from "../../support/processor_time.ts";

/** How long it goes on, in milliseconds. */
const DURATION_MS = 2_000;
/** How long one set may take, in milliseconds: most of it inflating up to 64 MiB. */
const MAX_SET_MS = 3_000;
/** How many records and headers one piece may have: as many as the reader takes at a time, and one batch's or record's more. */
const MAX_PIECE_OBJECTS = 120_000;
/** How much memory the run may take, in bytes: a few batches that inflate to 64 MiB, and what is not yet collected. */
const MAX_MEMORY_BYTES = 1 << 30;
const HIGH_WATERMARK = 1_000_000n;

const granted =
  Deno.permissions.querySync({ name: "env", variable: "FUZZ_SEED" }).state ===
    "granted";
const SEED = Number((granted && Deno.env.get("FUZZ_SEED")) || Date.now()) >>> 0;
const { below, pick } = randomSource(SEED);

const RECORDS = craftRecords([
  { key: "k", value: "v", headers: [["a", "1"], ["a", null]] },
  { key: null, value: null },
  { value: "x".repeat(500), timestampDelta: -5 },
]);
const MARKER = { key: new Uint8Array(4), value: new Uint8Array(6) };

/** Sound sets, of which some part is replaced each time. */
const SETS: readonly Buffer[] = [
  Buffer.concat([
    craftBatch({ records: RECORDS, count: 3 }),
    craftBatch({ records: [], lastOffsetDelta: 4, firstOffset: 3 }),
    craftBatch({ records: RECORDS, count: 3, firstOffset: 8 }),
  ]),
  Buffer.concat([
    craftBatch({
      records: RECORDS,
      count: 3,
      attributes: 0x10,
      producerId: 1,
    }),
    craftBatch({
      records: [MARKER],
      attributes: 0x30,
      producerId: 1,
      firstOffset: 3,
    }),
    craftBatch({ records: RECORDS, count: 3, firstOffset: 4 }),
  ]),
  craftBatch({ records: gzipSync(RECORDS), count: 3, attributes: 1 }),
  craftBatch({ records: zstdCompressSync(RECORDS), count: 3, attributes: 4 }),
  craftBatch({ records: gzipSync(new Uint8Array(1 << 20)), attributes: 1 }),
  ...VECTORS.map(({ codec, data }) =>
    craftBatch({ records: data, count: 1, attributes: codec })
  ),
];

/** Removes, repeats, replaces or inserts bytes somewhere. */
function damage(bytes: Uint8Array): Uint8Array {
  // Headers are short: half of the damage is done to them.
  const at = below(below(2) === 0 ? Math.min(bytes.length, 61) : bytes.length);
  const to = Math.min(at + below(9), bytes.length);
  const middle = bytes.subarray(at, to);
  const instead = pick([
    () => [],
    () => concat(middle, middle),
    () => [below(256)],
    () => middle.map(() => below(256)),
    () => [0x7f, 0xff, 0xff, 0xff],
    () => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    () => [0, 0, 0, 0],
  ])();
  return concat(bytes.subarray(0, at), instead, bytes.subarray(to));
}

/** Makes the first batch's length and checksum right again, so that damage gets further than the first checks. */
function repair(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_OFFSETS.records) return bytes;
  const length = bytes.length - 12;
  if (below(4) > 0) bytes.writeInt32BE(length, HEADER_OFFSETS.length);
  const end = Math.min(
    12 + bytes.readInt32BE(HEADER_OFFSETS.length),
    bytes.length,
  );
  if (end < HEADER_OFFSETS.records) return bytes;
  bytes.writeInt8(2, HEADER_OFFSETS.magic);
  bytes.writeUInt32BE(
    crc32c(bytes.subarray(HEADER_OFFSETS.attributes, end)),
    HEADER_OFFSETS.checksum,
  );
  return bytes;
}

Deno.test(`readPieces() reads or sets aside what was damaged at random (FUZZ_SEED=${SEED})`, () => {
  const endsAt = performance.now() + DURATION_MS;
  const { rss: before } = Deno.memoryUsage();
  let messageCount = 0;
  let damagedCount = 0;
  while (performance.now() < endsAt) {
    let bytes: Uint8Array = pick(SETS);
    for (let i = below(4); i >= 0; i--) bytes = damage(bytes);
    const set = below(5) === 0
      ? Buffer.from(bytes)
      : repair(Buffer.from(bytes));
    const about = `FUZZ_SEED=${SEED}: ${set.subarray(0, 300).toHex()}`;
    const fetchedOffset = BigInt(below(5));
    let nextOffset = fetchedOffset;
    const tookMs = processorMs(() => {
      for (
        const piece of readPieces({
          bytes: set,
          fetchedOffset,
          highWatermark: HIGH_WATERMARK,
          abortedTransactions: [{ producerId: 1n, firstOffset: 0n }],
        }, 10_000)
      ) {
        let last = nextOffset - 1n;
        let objects = 0;
        for (const { offset, headers, damaged } of piece.messages) {
          assert(BigInt(offset) > last, about);
          last = BigInt(offset);
          objects += 1 + headers.length;
          if (damaged) damagedCount++;
          else messageCount++;
        }
        assert(objects <= MAX_PIECE_OBJECTS, about);
        assert(piece.nextOffset > nextOffset && piece.nextOffset > last, about);
        assert(piece.nextOffset <= HIGH_WATERMARK, about);
        nextOffset = piece.nextOffset;
      }
    });
    assert(tookMs < MAX_SET_MS, about);
    assert(Deno.memoryUsage().rss - before < MAX_MEMORY_BYTES, about);
  }
  assert(messageCount > 0 && damagedCount > 0);
});
