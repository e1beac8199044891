/**
 * A wait that a stop cuts short.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pause } from "../../lib/base/pause.ts";

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
