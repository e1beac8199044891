/**
 * Random events: how many, how far apart, and when they end.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { defineEvent } from "../../../lib/events/event_type.ts";
import { orders } from "../../../lib/events/order.ts";
import { generatedEvents } from "../../../lib/produce/sources/generated.ts";
import type { SourceItem } from "../../../lib/produce/sources/source.ts";
import { inTimeOnce } from "../../support/in_time.ts";

Deno.test("generatedEvents() gives as many valid events as asked for, numbered from 1", async () => {
  const items: SourceItem[] = [];
  const source = generatedEvents(orders, { count: 5, intervalMs: 0, seed: 1 });
  for await (const item of source) items.push(item);
  assertEquals(items.map(({ number }) => number), [1, 2, 3, 4, 5]);
  items.forEach(({ value }) => orders.check(value));
});

Deno.test("generatedEvents() waits between events", async () => {
  const times: number[] = [];
  for await (const _ of generatedEvents(orders, { count: 3, intervalMs: 30 })) {
    times.push(performance.now());
  }
  const [first = 0, second = 0, third = 0] = times;
  assert(second - first >= 25 && third - second >= 25, `${times}`);
});

Deno.test("generatedEvents() waits after the last event, and not before the first", async () => {
  await inTimeOnce(45, async () => {
    const source = generatedEvents(orders, { count: 1, intervalMs: 50 });
    const startedAt = performance.now();
    assertEquals((await source.next()).value?.number, 1);
    const yieldedAt = performance.now();
    assertEquals((await source.next()).done, true);
    assert(performance.now() - yieldedAt > 45, "It ended early");
    return yieldedAt - startedAt;
  });
});

Deno.test("generatedEvents() ends at once when it is stopped between two events", async () => {
  const stop = new AbortController();
  const source = generatedEvents(orders, {
    count: 5,
    intervalMs: 60_000,
    signal: stop.signal,
  });
  assertEquals((await source.next()).value?.number, 1);
  const next = source.next();
  stop.abort();
  assertEquals((await next).done, true);
});

Deno.test("generatedEvents() throws if the event type has no generator", async () => {
  const visits = defineEvent({
    name: "visit",
    topic: "visits",
    schema: { type: "object" },
    key: () => null,
  });
  const error = await assertRejects(
    () => generatedEvents(visits, { count: 1, intervalMs: 0 }).next(),
    PipelineError,
  );
  assertEquals(error.message, "Can't generate visit events");
});
