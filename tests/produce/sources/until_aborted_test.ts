/**
 * Iterating until a stop.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { untilAborted } from "../../../lib/produce/sources/until_aborted.ts";

/** A source that yields 1 and 2, and then nothing for ever. */
function silentSource() {
  let closed = 0;
  let number = 0;
  const source: AsyncIterableIterator<number> = {
    next: () =>
      ++number <= 2
        ? Promise.resolve({ done: false, value: number })
        : new Promise(() => {}),
    return() {
      closed++;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => source,
  };
  return { source, closed: () => closed };
}

Deno.test("untilAborted() yields what the source yields, iterable or async, and closes it", async () => {
  let closed = 0;
  function* numbers() {
    try {
      yield 1;
      yield Promise.resolve(2);
    } finally {
      closed++;
    }
  }
  assertEquals(
    await Array.fromAsync(untilAborted(numbers(), undefined)),
    [1, 2],
  );
  const { signal } = new AbortController();
  const wrapped = untilAborted(numbers(), undefined);
  assertEquals(await Array.fromAsync(untilAborted(wrapped, signal)), [1, 2]);
  assertEquals(closed, 2);
});

Deno.test("untilAborted() ends at once when the signal is aborted while the source is silent, and closes the source", async () => {
  const stop = new AbortController();
  const { source, closed } = silentSource();
  const items = untilAborted(source, stop.signal);
  assertEquals((await items.next()).value, 1);
  assertEquals((await items.next()).value, 2);
  const next = items.next();
  stop.abort();
  assertEquals((await next).done, true);
  assertEquals(closed(), 1);
});

Deno.test("untilAborted() yields nothing when the signal was aborted before, and doesn't wait for a source that can't close", async () => {
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new Error("It was asked")),
      return: () => new Promise(() => {}),
    }),
  };
  const items = untilAborted(source, AbortSignal.abort());
  assertEquals(await Array.fromAsync(items), []);
});

Deno.test("untilAborted() closes the source when its reader leaves, and waits for it", async () => {
  let closed = false;
  async function* numbers() {
    try {
      yield 1;
      yield 2;
    } finally {
      await Promise.resolve();
      closed = true;
    }
  }
  for await (const _ of untilAborted(numbers(), undefined)) break;
  assertEquals(closed, true);
});

Deno.test("untilAborted() throws what the source throws, and nothing that comes after a stop", async () => {
  // deno-lint-ignore require-yield
  async function* broken(): AsyncGenerator<number> {
    await Promise.resolve();
    throw new Error("The file is gone");
  }
  await assertRejects(
    () => Array.fromAsync(untilAborted(broken(), undefined)),
    Error,
    "The file is gone",
  );
  const stop = new AbortController();
  const late = Promise.withResolvers<never>();
  const items = untilAborted<number>({
    [Symbol.asyncIterator]: () => ({
      next: () => late.promise,
      return: () => Promise.reject(new Error("It can't be closed")),
    }),
  }, stop.signal);
  const next = items.next();
  stop.abort();
  assertEquals((await next).done, true);
  late.reject(new Error("Too late"));
  // An unhandled rejection would fail the test.
  await new Promise((resolve) => setTimeout(resolve));
});
