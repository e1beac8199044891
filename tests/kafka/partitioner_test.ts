/**
 * Keys land where librdkafka, and by choice Java, puts them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  murmur2,
  type PartitionerName,
  PARTITIONERS,
  partitionOf,
} from "../../lib/kafka/partitioner.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The vectors of Kafka's own test of its `Utils.murmur2`. */
const MURMUR2_VECTORS: readonly [string, number][] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

Deno.test("murmur2() gives the values of Kafka's own test", () => {
  for (const [text, expected] of MURMUR2_VECTORS) {
    assertEquals(murmur2(bytesOf(text)), expected, text);
  }
});

Deno.test("murmur2() reads a view where it begins, whatever lies around it", () => {
  for (const [text, expected] of MURMUR2_VECTORS) {
    const within = bytesOf(`###${text}###`).subarray(3, 3 + text.length);
    assertEquals(murmur2(within), expected, text);
  }
});

Deno.test("partitionOf() puts each customer where the contract says", () => {
  const expected: [PartitionerName, string, number, number][] = [
    ["crc32", "diana_martinez", 3, 1],
    ["crc32", "charlie_davis", 3, 0],
    ["crc32", "bob_smith", 3, 2],
    ["crc32", "diana_martinez", 1, 0],
    // A checksum with its highest bit set is a positive number still: 0xcbf43926 is 3421780262.
    ["crc32", "123456789", 3, 3421780262 % 3],
    ["crc32", "123456789", 1_000, 262],
    // Java clears the sign bit of a hash below zero; it doesn't take the absolute value.
    ["murmur2", "21", 1_000, (2 ** 31 - 973932308) % 1_000],
    ["murmur2", "abc", 1_000, 107],
  ];
  for (const [partitioner, key, partitionsCount, partition] of expected) {
    assertEquals(
      partitionOf(bytesOf(key), { partitioner, partitionsCount }),
      partition,
      `${partitioner} ${key} of ${partitionsCount}`,
    );
  }
});

Deno.test("partitionOf() puts a key in the same existing partition every time", () => {
  for (const partitioner of PARTITIONERS) {
    const options = { partitioner, partitionsCount: 7 };
    for (let i = 0; i < 300; i++) {
      const key = bytesOf(`key-${i}-é☕`);
      const partition = partitionOf(key, options);
      assert(Number.isInteger(partition) && partition >= 0 && partition < 7);
      assertEquals(partitionOf(key, options), partition);
    }
  }
});

/** Which partitions come up, of four, in many tries. Missing one of the four by chance: once in 10^120. */
function seen(
  partitioner: PartitionerName,
  key: Uint8Array | null,
): number[] {
  const options = { partitioner, partitionsCount: 4 };
  const tries = Array.from({ length: 1_000 }, () => partitionOf(key, options));
  return [...new Set(tries)].sort();
}

Deno.test("partitionOf() takes any partition when there is no key", () => {
  assertEquals(seen("crc32", null), [0, 1, 2, 3]);
  assertEquals(seen("murmur2", null), [0, 1, 2, 3]);
});

Deno.test("partitionOf() counts an empty key as none when the rule is librdkafka's, and as a key when it is Java's", () => {
  const empty = new Uint8Array();
  assertEquals(seen("crc32", empty), [0, 1, 2, 3]);
  assertEquals(seen("murmur2", empty), [275646681 % 4]);
});
