/**
 * Tests of the codecs against what other libraries wrote, whole and damaged.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import {
  DamagedDataError,
  InflateLimitError,
} from "../../../lib/kafka/batches/damage.ts";
import { inflate as inflateData } from "../../../lib/kafka/batches/inflate.ts";
import { concat, TEXT, VECTORS } from "./vectors.ts";

const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;
/** Far more than any damaged vector asks for honestly. */
const ROOM = 1 << 16;

/** The header of an lz4 frame with independent blocks of 64 KiB at most. */
const LZ4_HEADER = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

function inflate(codec: number, data: Uint8Array, limitBytes: number) {
  return inflateData(data, { codec, limitBytes });
}

function damaged(codec: number, data: Uint8Array, reason: string) {
  return assertThrows(
    () => inflate(codec, data, ROOM),
    DamagedDataError,
    reason,
  );
}

for (const { codec, writer, data } of VECTORS) {
  Deno.test(`inflate() reads ${writer}`, () => {
    const inflated = inflate(codec, data, ROOM);
    assertEquals(new Uint8Array(inflated), TEXT);
  });

  Deno.test(`inflate() reads ${writer} from the middle of a buffer`, () => {
    const buffer = concat([9, 9, 9], data, [9, 9]);
    const inflated = inflate(codec, buffer.subarray(3, -2), ROOM);
    assertEquals(new Uint8Array(inflated), TEXT);
  });

  Deno.test(`inflate() holds the limit to the byte with ${writer}`, () => {
    const inflated = inflate(codec, data, TEXT.length);
    assertEquals(inflated.length, TEXT.length);
    assertThrows(
      () => inflate(codec, data, TEXT.length - 1),
      InflateLimitError,
      `it inflates to more than the limit of ${TEXT.length - 1} bytes`,
    );
    assertThrows(() => inflate(codec, data, 1), InflateLimitError);
  });

  Deno.test(`inflate() throws nothing unforeseen when a bit of ${writer} is flipped`, () => {
    for (let bit = 0; bit < data.length * 8; bit++) {
      const flipped = data.slice();
      flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (1 << (bit & 7));
      try {
        const inflated = inflate(codec, flipped, ROOM);
        assertEquals(inflated.length <= ROOM, true);
      } catch (error) {
        if (!(error instanceof DamagedDataError)) throw error;
      }
    }
  });

  // Truncated zstd is found by the batch's checksum and the count of its records.
  if (codec === ZSTD) continue;
  Deno.test(`inflate() refuses ${writer} wherever it is cut off`, () => {
    // A framed stream of no block is whole: what is missing then is found by the count of records.
    const empty = writer.startsWith("framed") ? 16 : -1;
    for (let length = 0; length < data.length; length++) {
      if (length === empty) continue;
      assertThrows(
        () => inflate(codec, data.subarray(0, length), ROOM),
        DamagedDataError,
        undefined,
        `cut to ${length} bytes`,
      );
    }
  });
}

Deno.test("inflate() refuses garbage of every codec and says of which format it is not", () => {
  const garbage = new TextEncoder().encode("no compressed data at all");
  damaged(GZIP, garbage, "its gzip stream is damaged");
  damaged(SNAPPY, garbage, "its snappy block");
  damaged(LZ4, garbage, "it doesn't begin as an lz4 frame does");
  damaged(ZSTD, garbage, "its zstd stream is damaged");
  for (const codec of [5, 6, 7]) {
    damaged(codec, garbage, "Kafka has no such codec");
  }
});

Deno.test("inflate() reads framed snappy of several blocks", () => {
  const stream = VECTORS[1]?.data ?? new Uint8Array();
  const header = stream.subarray(0, 16);
  const block = stream.subarray(16);
  const data = concat(header, block, block);
  const inflated = inflate(SNAPPY, data, 2 * TEXT.length);
  assertEquals(inflated, concat(TEXT, TEXT));
  assertThrows(
    () => inflate(SNAPPY, data, 2 * TEXT.length - 1),
    InflateLimitError,
  );
  damaged(
    SNAPPY,
    concat(header, [0xff, 0xff, 0xff, 0xff], block),
    "its snappy stream is truncated",
  );
});

Deno.test("inflate() allots nothing for a snappy block that claims 4 GiB", () => {
  const claim = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x41);
  damaged(SNAPPY, claim, "shorter than it says");
});

Deno.test("inflate() refuses snappy that contradicts itself", () => {
  const block = (...bytes: number[]) => Uint8Array.from(bytes);
  damaged(SNAPPY, block(2, 0x00, 0x41), "shorter than it says");
  damaged(SNAPPY, block(1, 0x04, 0x41, 0x41), "longer than it says");
  damaged(SNAPPY, block(5, 0x00, 0x41, 0x01, 2), "refers to what is not");
  damaged(SNAPPY, block(5, 0x00, 0x41, 0x01, 0), "refers to what is not");
  damaged(SNAPPY, block(5, 0x00, 0x41, 0x01), "truncated");
  damaged(SNAPPY, block(0x80, 0x80, 0x80, 0x80, 0x80, 0), "no length");
});

Deno.test("inflate() reads every element that snappy has", () => {
  // "ab", then from 2 bytes back: 4 bytes with an 11-bit, 3 with a 16-bit and 2 with a 32-bit offset.
  const data = Uint8Array.from(
    [11, 0x04, 0x61, 0x62, 0x01, 2, 0x0a, 2, 0, 0x07, 2, 0, 0, 0],
  );
  const inflated = inflate(SNAPPY, data, ROOM);
  assertEquals(new TextDecoder().decode(inflated), "abababababa");
});

Deno.test("inflate() refuses lz4 that contradicts itself", () => {
  const frame = (...block: number[]) =>
    concat(LZ4_HEADER, [block.length, 0, 0, 0], block, [0, 0, 0, 0]);
  damaged(LZ4, frame(0x14, 0x41, 2, 0), "refers to what is not there");
  damaged(LZ4, frame(0x14, 0x41, 0, 0), "refers to what is not there");
  damaged(LZ4, frame(0x14, 0x41, 1), "truncated");
  damaged(LZ4, frame(0xf0, 0xff), "truncated");
  damaged(
    LZ4,
    concat(LZ4_HEADER.with(4, 0x20), [0, 0, 0, 0]),
    "unknown version",
  );
});

Deno.test("inflate() lets lz4 blocks refer to earlier ones", () => {
  // An "A" as it is; then, in a block of its own, 4 bytes from 1 back.
  const stored = [1, 0, 0, 0x80, 0x41];
  const match = [4, 0, 0, 0, 0x00, 1, 0, 0x00];
  const linked = LZ4_HEADER.with(4, 0x40);
  const inflated = inflate(
    LZ4,
    concat(linked, stored, match, [0, 0, 0, 0]),
    ROOM,
  );
  assertEquals(new TextDecoder().decode(inflated), "AAAAA");
});
