/**
 * Work that goes on through outages, and ends where it has to.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type OutageOptions,
  throughOutages,
  waitFor,
} from "../../lib/base/retry.ts";
import { inTimeOnce } from "../support/in_time.ts";

class Outage extends Error {}

/** Some work that fails so often before it succeeds, and everything that was told. */
function bench(failures: number, options: Partial<OutageOptions> = {}) {
  const told: string[] = [];
  let tries = 0;
  const run = throughOutages(() => {
    if (++tries <= failures) throw new Outage(`try ${tries}`);
    return tries;
  }, {
    isOutage: (error) => error instanceof Outage,
    begins: (error) => told.push(`begins: ${(error as Error).message}`),
    ends: () => told.push("ends"),
    ...options,
  });
  return { run, told, tries: () => tries };
}

Deno.test("throughOutages() returns what the work returns, and tells of no wait, when nothing fails", async () => {
  const b = bench(0);
  assertEquals(await b.run, 1);
  assertEquals(b.told, []);
});

Deno.test("throughOutages() tells once of a wait over several tries, and pauses longer each time", async () => {
  const started = performance.now();
  const b = bench(3);
  assertEquals(await b.run, 4);
  assertEquals(b.told, ["begins: try 1", "ends"]);
  const took = performance.now() - started;
  assert(took >= 690, `100 + 200 + 400 ms, not ${took}`);
});

Deno.test("throughOutages() throws at once what is no outage, even in the middle of one", async () => {
  const told: string[] = [];
  let tries = 0;
  const error = await assertRejects(
    () =>
      throughOutages(() => {
        throw ++tries === 1 ? new Outage("away") : new TypeError("broken");
      }, {
        isOutage: (error) => error instanceof Outage,
        begins: () => told.push("begins"),
        ends: () => told.push("ends"),
      }),
    TypeError,
    "broken",
  );
  assertEquals(error.message, "broken");
  assertEquals({ tries, told }, { tries: 2, told: ["begins"] });
});

Deno.test("throughOutages() throws the outage when its time is up, and does not sleep past it", async () => {
  // The second pause, of 200 ms, would end after the deadline.
  await inTimeOnce(250, async () => {
    const started = performance.now();
    const b = bench(Infinity, { timeoutMs: 250 });
    const { message } = await assertRejects(() => b.run, Outage);
    const isWhole = message === "try 2" && b.told.join() === "begins: try 1";
    return isWhole ? performance.now() - started : Infinity;
  });
});

Deno.test("throughOutages() makes one try and no other when there is no time at all", async () => {
  const b = bench(Infinity, { timeoutMs: 0 });
  await assertRejects(() => b.run, Outage, "try 1");
  assertEquals(b.tries(), 1);
});

Deno.test("throughOutages() returns nothing when a signal ends the wait, at once and without another try", async () => {
  await inTimeOnce(90, async () => {
    const stop = new AbortController();
    const b = bench(Infinity, {
      signal: stop.signal,
      begins: () => stop.abort(),
    });
    const started = performance.now();
    assertEquals(await b.run, undefined);
    assertEquals(b.tries(), 1);
    return performance.now() - started;
  });
});

Deno.test("throughOutages() returns nothing when the work has become pointless", async () => {
  let over = false;
  const b = bench(Infinity, {
    begins: () => over = true,
    over: () => over,
  });
  assertEquals(await b.run, undefined);
  assertEquals(b.tries(), 1);
});

Deno.test("throughOutages() tells of no wait when a stop cuts the work short", async () => {
  const stop = new AbortController();
  const told: unknown[] = [];
  const result = await throughOutages(() => {
    stop.abort();
    throw new Error("cut short");
  }, {
    isOutage: () => true,
    signal: stop.signal,
    begins: (error) => told.push(error),
  });
  assertEquals([result, told], [undefined, []]);
});

/** A wait for what never comes, and everything that was announced. */
function waitInVain(options: Partial<Parameters<typeof waitFor>[2]>) {
  const told: string[] = [];
  const run = waitFor("Kafka", () => Promise.reject(new Outage("away")), {
    timeoutMs: 1_000,
    isOutage: (error) => error instanceof Outage,
    notify: (line) => told.push(line),
    ...options,
  });
  return { run, told };
}

Deno.test("waitFor() throws what the diagnosis finds after the first try, and announces no wait", async () => {
  const { run, told } = waitInVain({
    diagnose: () => Promise.resolve(new TypeError("wrong protocol")),
  });
  await assertRejects(() => run, TypeError, "wrong protocol");
  assertEquals(told, []);
});

Deno.test("waitFor() asks the diagnosis again when its time is up", async () => {
  let asked = 0;
  const { run, told } = waitInVain({
    diagnose: () =>
      Promise.resolve(
        ++asked === 1 ? undefined : new TypeError("wrong protocol"),
      ),
  });
  await assertRejects(() => run, TypeError, "wrong protocol");
  assertEquals(told, ["Waiting for Kafka (up to 1 s)..."]);
});

Deno.test("waitFor() throws the outage when the diagnosis finds nothing", async () => {
  const { run } = waitInVain({ diagnose: () => Promise.resolve(undefined) });
  await assertRejects(() => run, Outage, "away");
});
