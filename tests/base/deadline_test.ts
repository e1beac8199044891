/**
 * Work that ends in time, and work that doesn't.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { withinDeadline } from "../../lib/base/deadline.ts";
import { processorMs } from "../support/processor_time.ts";

Deno.test("withinDeadline() returns what the work returns, and throws what it throws", () => {
  assertEquals(withinDeadline(() => 7), 7);
  assertEquals(withinDeadline(() => undefined), undefined);
  assertThrows(
    () =>
      withinDeadline(() => {
        throw new RangeError("no");
      }),
    RangeError,
    "no",
  );
});

const ENDLESS: Readonly<Record<string, () => unknown>> = {
  "a loop": () => {
    while (true);
  },
  "a loop that catches what is thrown": () => {
    while (true) {
      try {
        while (true);
      } catch {
        // Again.
      }
    }
  },
  "a regular expression": () => /^(a+)+$/.test(`${"a".repeat(60)}!`),
};

for (const [what, work] of Object.entries(ENDLESS)) {
  Deno.test(`withinDeadline() ends ${what}, and leaves the program as it was`, async () => {
    const tookMs = processorMs(() => {
      const error = assertThrows(() => withinDeadline(work), DOMException);
      assertEquals([error.name, error.message], [
        "TimeoutError",
        "it takes longer than 500 ms",
      ]);
    });
    assert(tookMs < 6_000, `${tookMs} ms`);
    assertEquals(withinDeadline(() => 7), 7);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });
}

Deno.test("withinDeadline() takes work that was held up, and didn't have the processor meanwhile", () => {
  let tries = 0;
  const place = new Int32Array(new SharedArrayBuffer(4));
  const result = withinDeadline(() => {
    if (++tries < 3) Atomics.wait(place, 0, 0);
    return tries;
  });
  assertEquals(result, 3);
});

Deno.test("withinDeadline() leaves no request to end behind when work ends near the deadline", async () => {
  const busy = (durationMs: number) => {
    const end = performance.now() + durationMs;
    while (performance.now() < end);
    return durationMs;
  };
  for (const durationMs of [350, 420, 495, 499.9, 500, 500.1]) {
    try {
      assertEquals(withinDeadline(() => busy(durationMs)), durationMs);
    } catch (error) {
      assertEquals(error instanceof DOMException && error.name, "TimeoutError");
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
});
