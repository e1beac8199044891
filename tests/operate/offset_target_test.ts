/**
 * Places in a partition as people name them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  offsetIn,
  parseOffsetTarget,
} from "../../lib/operate/offset_target.ts";

Deno.test("parseOffsetTarget() takes names, offsets, steps and times", () => {
  assertEquals(parseOffsetTarget("earliest"), { kind: "earliest" });
  assertEquals(parseOffsetTarget("latest"), { kind: "latest" });
  assertEquals(parseOffsetTarget("9007199254740993"), {
    kind: "offset",
    offset: 9007199254740993n,
  });
  assertEquals(parseOffsetTarget("-3"), { kind: "shift", by: -3n });
  assertEquals(parseOffsetTarget("+3"), { kind: "shift", by: 3n });
  for (
    const text of ["2026-02-03T02:16:55Z", "2026-02-02T21:16:55-05:00"]
  ) {
    assertEquals(parseOffsetTarget(text), {
      kind: "time",
      timeMs: Date.UTC(2026, 1, 3, 2, 16, 55),
    });
  }
});

Deno.test("parseOffsetTarget() returns nothing for anything else", () => {
  for (
    const text of [
      "",
      "Earliest",
      "1.5",
      "--1",
      "1e3",
      "yesterday",
      "2026-13-40",
      "12:00",
    ]
  ) {
    assertEquals(parseOffsetTarget(text), undefined, text);
  }
});

Deno.test("offsetIn() returns the nearest offset that a partition has", () => {
  const range = { low: 5n, high: 9n };
  const place = (text: string, from = {}) => {
    const target = parseOffsetTarget(text);
    return target && offsetIn(range, { target, ...from });
  };
  assertEquals(
    ["0", "5", "7", "9", "12", "earliest", "latest"].map((text) => place(text)),
    [5n, 5n, 7n, 9n, 9n, 5n, 9n],
  );
  assertEquals(place("2026-02-03T02:16:55Z", { atTime: 8n }), 8n);
  assertEquals(place("2026-02-03T02:16:55Z"), 9n);
  assertEquals(place("-1", { shiftsFrom: 8n }), 7n);
  assertEquals(place("-9", { shiftsFrom: 8n }), 5n);
});

Deno.test("offsetIn() returns undefined when there is no offset to shift", () => {
  const target = { kind: "shift", by: 1n } as const;
  assertEquals(offsetIn({ low: 5n, high: 9n }, { target }), undefined);
});
