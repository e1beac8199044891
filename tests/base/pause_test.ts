/**
 * Waits that a signal or a limit cuts short.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { pause, within } from "../../lib/base/pause.ts";

Deno.test("pause() waits as long as it is told to", async () => {
  const began = performance.now();
  await pause(30, new AbortController().signal);
  assert(performance.now() - began >= 25);
});

Deno.test("pause() ends at once when the signal comes, or came before, and leaves no timer behind", async () => {
  const stop = new AbortController();
  const waiting = pause(60_000, stop.signal);
  stop.abort();
  await waiting;
  await pause(60_000, stop.signal);
});

const late = () => new RangeError("late");

Deno.test("within() returns what the work returns, and leaves no timer behind", async () => {
  const work = pause(5).then(() => "done");
  assertEquals(await within(work, { timeoutMs: 60_000, late }), "done");
  const failed = Promise.reject(new TypeError("failed"));
  await assertRejects(
    () => within(failed, { timeoutMs: 60_000, late }),
    TypeError,
    "failed",
  );
});

Deno.test("within() throws at the limit or the signal, and drops what the work throws later", async () => {
  const work = Promise.withResolvers<never>();
  await assertRejects(
    () => within(work.promise, { timeoutMs: 5, late }),
    RangeError,
    "late",
  );
  const signal = AbortSignal.abort();
  await assertRejects(
    () => within(work.promise, { timeoutMs: 60_000, signal, late }),
    RangeError,
    "late",
  );
  work.reject(new TypeError("failed"));
});
