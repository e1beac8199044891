/** Tests of the reader of Kafka's log files. */

import { assertEquals, assertThrows } from "@std/assert";
import { batchesOf, fillingOf, recordsOf, workOf } from "./kafka_log.ts";

interface Entry {
  readonly at: number;
  readonly key?: readonly number[];
  readonly value?: readonly number[];
}

function zigZag(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128 + 128);
  }
  return [...bytes, rest];
}

function field(bytes: readonly number[] | undefined): number[] {
  return bytes ? [...zigZag(bytes.length), ...bytes] : zigZag(-1);
}

/** A batch as the protocol has it: offset, length, epoch, magic, checksum, attributes, and so on to the records. */
function batch(
  entries: readonly Entry[],
  { attributes = 0, max }: { attributes?: number; max?: number } = {},
): number[] {
  const first = entries[0]?.at ?? 0;
  const records = entries.flatMap(({ at, key, value }, i) => {
    const body = [
      0,
      ...zigZag(at - first),
      ...zigZag(i),
      ...field(key),
      ...field(value),
      ...zigZag(0),
    ];
    return [...zigZag(body.length), ...body];
  });
  const head = new DataView(new ArrayBuffer(61));
  head.setInt32(8, 61 - 12 + records.length);
  head.setInt8(16, 2);
  head.setInt16(21, attributes);
  head.setInt32(23, entries.length - 1);
  head.setBigInt64(27, BigInt(first));
  head.setBigInt64(
    35,
    BigInt(max ?? Math.max(...entries.map(({ at }) => at))),
  );
  head.setInt32(57, entries.length);
  return [...new Uint8Array(head.buffer), ...records];
}

function log(...batches: readonly number[][]) {
  return batchesOf(Uint8Array.from(batches.flat()));
}

const text = (value: string) => [...new TextEncoder().encode(value)];

/** A key of `__consumer_offsets`. */
function groupKey(version: number, group: string): number[] {
  return [0, version, 0, group.length, ...text(group)];
}

const NOW = 1_770_000_000_000;

Deno.test("batchesOf() goes through whole batches and stops at one that is being written", () => {
  const whole = batch([{ at: NOW, value: [1] }, { at: NOW + 5, value: [2] }]);
  const found = [...log(whole, whole, whole.slice(0, -1))];
  assertEquals(found.map(({ count }) => count), [2, 2]);
  assertEquals(found.map((each) => each.firstTimestamp), [NOW, NOW]);
  assertEquals(found.map((each) => each.maxTimestamp), [NOW + 5, NOW + 5]);
});

Deno.test("batchesOf() refuses another message format", () => {
  const old = batch([{ at: NOW }]);
  old[16] = 1;
  assertThrows(() => [...log(old)], RangeError, "Unknown message format: 1");
});

Deno.test("recordsOf() reads keys, values and timestamps, near and far", () => {
  const long = text("x".repeat(300));
  const entries = [
    { at: NOW, key: [1, 2], value: long },
    { at: NOW - 3, value: [3] },
    { at: NOW + 90_000_000_000, key: [4] },
  ];
  const [found] = [...log(batch(entries))];
  assertEquals(
    [...recordsOf(found!)].map(({ timestamp, key, value }) => ({
      at: timestamp,
      ...(key && { key: [...key] }),
      ...(value && { value: [...value] }),
    })),
    entries,
  );
});

Deno.test("fillingOf() counts, from the first record made to the last batch taken", () => {
  assertEquals(
    fillingOf(log(
      batch([{ at: NOW + 10 }], { max: NOW + 40 }),
      batch([{ at: NOW + 2 }, { at: NOW + 3 }], { max: NOW + 30 }),
    )),
    { count: 3, from: NOW + 2, to: NOW + 40 },
  );
});

Deno.test("workOf() takes the time from the assignment before the first commit to the last commit", () => {
  const state = (at: number, group = "g") =>
    batch([{ at, key: groupKey(2, group), value: [0] }]);
  const commit = (at: number, group = "g") =>
    batch([{ at, key: groupKey(1, group), value: [0] }]);
  assertEquals(
    workOf(
      log(
        state(NOW),
        state(NOW + 1),
        state(NOW + 2, "another"),
        commit(NOW + 5),
        commit(NOW + 9),
        commit(NOW + 20, "another"),
        state(NOW + 30),
        batch([{ at: NOW + 40, key: [0, 1, 0] }], { attributes: 0x20 }),
      ),
      "g",
    ),
    { from: NOW + 1, to: NOW + 9 },
  );
});

Deno.test("workOf() finds nothing where the group is unknown or has not committed", () => {
  const state = batch([{ at: NOW, key: groupKey(2, "g"), value: [0] }]);
  assertEquals(workOf(log(state), "g"), undefined);
  assertEquals(workOf(log(state), "another"), undefined);
});
