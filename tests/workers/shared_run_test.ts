/**
 * What threads share, with real threads.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { SharedRun } from "../../lib/workers/shared_run.ts";
import { permittedTest } from "../support/permissions.ts";

const TIMES = 20_000;

function countIn(
  memory: SharedArrayBuffer,
  cell: SharedArrayBuffer,
): Promise<number[]> {
  const url = new URL("./shared_run_probe.ts", import.meta.url);
  const thread = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  thread.addEventListener("message", ({ data }) => resolve(data));
  thread.addEventListener("error", (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  });
  thread.postMessage({ memory, cell, times: TIMES });
  return promise.finally(() => thread.terminate());
}

permittedTest(
  "SharedRun.alone() lets one thread work at a time, and next() gives each number once",
  [{ name: "read", path: checkoutFolder() }],
  async () => {
    const { memory } = new SharedRun();
    const cell = new SharedArrayBuffer(4);
    const all = await Promise.all(
      [0, 1, 2].map(() => countIn(memory, cell)),
    );
    assertEquals(new Int32Array(cell)[0], all.length * TIMES);
    const numbers = all.flat().sort((a, b) => a - b);
    assertEquals(numbers, numbers.map((_, i) => i + 1));
  },
);

Deno.test("SharedRun.alone() lets the next one in behind work that throws", () => {
  const run = new SharedRun();
  assertThrows(() =>
    run.alone(() => {
      throw new RangeError("full");
    }), RangeError);
  assertEquals(run.alone(() => 7), 7);
});
