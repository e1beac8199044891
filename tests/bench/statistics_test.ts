/** Tests of medians, percentiles and ratios. */

import { assertEquals, assertThrows } from "@std/assert";
import { median, percentile, ratio, summarize } from "./statistics.ts";

Deno.test("median() finds the middle one of an odd number, by size and not by digits", () => {
  assertEquals(median([100, 9, 20]), 20);
  assertEquals(median([7]), 7);
});

Deno.test("median() finds the mean of the two in the middle of an even number", () => {
  assertEquals(median([4, 1, 3, 2]), 2.5);
});

Deno.test("median() leaves the measurements in their order", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("percentile() finds a value by nearest rank", () => {
  const values = [15, 20, 35, 40, 50];
  assertEquals([5, 20, 30, 40, 50, 100].map((p) => percentile(values, p)), [
    15,
    15,
    20,
    20,
    35,
    50,
  ]);
});

Deno.test("percentile() finds the tail of a thousand", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
  assertEquals(percentile(values, 50), 500);
  assertEquals(percentile(values, 99), 990);
  assertEquals(percentile(values, 99.9), 999);
});

Deno.test("percentile() refuses what is no percentage", () => {
  for (const percent of [0, -1, 100.1, NaN]) {
    assertThrows(
      () => percentile([1], percent),
      RangeError,
      `A percentile is above 0 and at most 100: ${percent}`,
    );
  }
});

Deno.test("summarize() gives median, lowest and highest", () => {
  assertEquals(summarize([30, 10, 20]), { median: 20, min: 10, max: 30 });
});

Deno.test("summarize(), median() and percentile() refuse to sum up nothing", () => {
  for (const sum of [summarize, median, (v: number[]) => percentile(v, 50)]) {
    assertThrows(
      () => sum([]),
      RangeError,
      "There is nothing of no measurements",
    );
  }
});

Deno.test("ratio() says how many times as large, and nothing of zero", () => {
  assertEquals(ratio(12, 4), 3);
  assertEquals(ratio(1, 4), 0.25);
  assertEquals(ratio(1, 0), undefined);
});
