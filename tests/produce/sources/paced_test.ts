/**
 * The pace of a source: exact over time, whatever delays single events.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { pause } from "../../../lib/base/pause.ts";
import { paced } from "../../../lib/produce/sources/paced.ts";
import { inTimeOnce } from "../../support/in_time.ts";

async function* numbers(count: number, delay?: { at: number; ms: number }) {
  for (let i = 0; i < count; i++) {
    if (i === delay?.at) await pause(delay.ms);
    yield i;
  }
}

/** How long a source takes, in milliseconds, and how many items there were before each had its time. */
async function run(source: AsyncIterable<number>, rate: number) {
  const startedAt = performance.now();
  let early = 0;
  let count = 0;
  for await (const i of paced(source, { rate })) {
    if (performance.now() - startedAt < i * 1_000 / rate) early++;
    count++;
  }
  return { tookMs: performance.now() - startedAt, early, count };
}

Deno.test("paced() yields no item before its time, and all of them in time, at low rates and at high ones", async () => {
  for (const [count, rate] of [[11, 50], [4_001, 20_000]] as const) {
    const dueMs = (count - 1) * 1_000 / rate;
    await inTimeOnce(dueMs + 100, async () => {
      const { tookMs, early, count: taken } = await run(numbers(count), rate);
      assertEquals([taken, early], [count, 0]);
      assert(tookMs >= dueMs, `${tookMs} ms`);
      return tookMs;
    });
  }
});

Deno.test("paced() makes up for what was late", async () => {
  await inTimeOnce(280, async () => {
    const { tookMs } = await run(numbers(41, { at: 10, ms: 100 }), 200);
    assert(tookMs >= 200, `${tookMs} ms`);
    return tookMs;
  });
});

Deno.test("paced() ends at once when it is stopped between two items", async () => {
  const stop = new AbortController();
  const source = paced(numbers(2), { rate: 0.001, signal: stop.signal });
  assertEquals((await source.next()).value, 0);
  const next = source.next();
  stop.abort();
  assertEquals((await next).done, true);
});
