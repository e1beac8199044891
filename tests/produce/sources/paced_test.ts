/**
 * The pace of a source: exact over time, whatever delays single events, or that of a clock.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { pause } from "../../../lib/base/pause.ts";
import {
  atRate,
  paced,
  startClock,
} from "../../../lib/produce/sources/paced.ts";
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
  for await (const i of paced(source, { msUntil: atRate(rate) })) {
    if (performance.now() - startedAt < i * 1_000 / rate) early++;
    count++;
  }
  return { tookMs: performance.now() - startedAt, early, count };
}

Deno.test("atRate() gives no item before its time, and all of them in time, at low rates and at high ones", async () => {
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

Deno.test("atRate() makes up for what was late", async () => {
  await inTimeOnce(280, async () => {
    const { tookMs } = await run(numbers(41, { at: 10, ms: 100 }), 200);
    assert(tookMs >= 200, `${tookMs} ms`);
    return tookMs;
  });
});

Deno.test("paced() ends at once when it is stopped between two items", async () => {
  const stop = new AbortController();
  const source = paced(numbers(2), {
    msUntil: atRate(0.001),
    signal: stop.signal,
  });
  assertEquals((await source.next()).value, 0);
  const next = source.next();
  stop.abort();
  assertEquals((await next).done, true);
});

Deno.test("paced() yields what is past at once, and nothing before a clock shows its time", async () => {
  const start = Date.parse("2026-05-06T11:00:00Z");
  const startedAt = performance.now();
  const msUntil = startClock(start, 1_000);
  const times = [
    start - 86_400_000,
    start - 1,
    start + 30_000,
    start + 100_000,
  ];
  const early: number[] = [];
  const seen: number[] = [];
  for await (const atMs of paced(ReadableStream.from(times), { msUntil })) {
    if (msUntil(atMs) > 0) early.push(atMs);
    seen.push(atMs);
  }
  assertEquals(early, []);
  assertEquals(seen, times);
  // 100 s of the clock are 0.1 s.
  assert(performance.now() - startedAt >= 95);
});

Deno.test("paced() asks for the next item only when the one before was taken", async () => {
  let asked = 0;
  async function* items() {
    while (true) yield await Promise.resolve(asked++);
  }
  const source = paced(items(), { msUntil: startClock(0, 1) });
  await source.next();
  await source.next();
  assertEquals(asked, 2);
  await source.return();
});
