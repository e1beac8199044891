/**
 * Events that come when a clock shows their times.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clock, scheduled } from "../../../lib/produce/sources/scheduled.ts";

const identity = (atMs: number) => atMs;

Deno.test("scheduled() yields what is past at once, and nothing before its time", async () => {
  const start = Date.parse("2026-05-06T11:00:00Z");
  const clock = new Clock(start, 1_000);
  const events = [
    start - 86_400_000,
    start - 1,
    start + 30_000,
    start + 100_000,
  ];
  const early: unknown[] = [];
  const seen: unknown[] = [];
  const startedAt = performance.now();
  for await (const item of scheduled(events, { clock, timeOf: identity })) {
    if (clock.now < Number(item.value)) early.push(item);
    seen.push(item);
  }
  assertEquals(early, []);
  assertEquals(seen, events.map((value, at) => ({ number: at + 1, value })));
  // 100 s of the clock are 0.1 s.
  assert(performance.now() - startedAt >= 95);
});

Deno.test("scheduled() ends at once when its signal is aborted while it waits", async () => {
  const stop = new AbortController();
  const clock = new Clock(0, 1);
  const seen: unknown[] = [];
  for await (
    const { value } of scheduled([0, 3_600_000], {
      clock,
      timeOf: identity,
      signal: stop.signal,
    })
  ) {
    seen.push(value);
    setTimeout(() => stop.abort(), 0);
  }
  assertEquals(seen, [0]);
});

Deno.test("scheduled() asks for the next event only when the one before was taken", async () => {
  let asked = 0;
  function* events() {
    while (true) yield asked++;
  }
  const clock = new Clock(Date.now(), 1);
  const source = scheduled(events(), { clock, timeOf: identity });
  await source.next();
  await source.next();
  assertEquals(asked, 2);
  await source.return();
});
