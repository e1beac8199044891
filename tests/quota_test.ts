/**
 * How many orders a run may take: never more than its limit, and all of it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { OwnQuota, type Quota } from "../lib/quota.ts";
import { SharedRun } from "../lib/workers/shared_run.ts";

const LIMIT = 3;

const quotas: Readonly<Record<string, () => Quota>> = {
  OwnQuota: () => new OwnQuota(LIMIT),
  "SharedRun.quota()": () => new SharedRun().quota(LIMIT),
};

for (const [name, make] of Object.entries(quotas)) {
  Deno.test(`${name} gives out as many as its limit, and tells which is completed last`, () => {
    const quota = make();
    const taken = Array.from({ length: LIMIT + 1 }, () => quota.take());
    assertEquals(taken, [true, true, true, false]);
    assertEquals(quota.take(), false, "a refusal changes nothing");
    const completed = Array.from({ length: LIMIT }, () => quota.complete());
    assertEquals(completed, [false, false, true]);
  });

  Deno.test(`${name} gives out again what came to nothing`, () => {
    const quota = make();
    const completed: boolean[] = [];
    for (let i = 0; i < LIMIT; i++) {
      assertEquals(quota.take(), true);
      quota.release();
      assertEquals(quota.take(), true);
      completed.push(quota.complete());
    }
    assertEquals(quota.take(), false);
    assertEquals(completed, [false, false, true]);
  });
}

Deno.test("OwnQuota without a limit gives out without end", () => {
  const quota = new OwnQuota(Infinity);
  for (let i = 0; i < 10_000; i++) {
    assertEquals([quota.take(), quota.complete()], [true, false]);
  }
});

Deno.test("SharedRun.quota() is one quota for all who have the memory", () => {
  const run = new SharedRun();
  const one = run.quota(LIMIT);
  const other = new SharedRun(run.memory).quota(LIMIT);
  assertEquals([one, other, one, other].map((each) => each.take()), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(run.reached(LIMIT), false);
  assertEquals([other, other, one].map((each) => each.complete()), [
    false,
    false,
    true,
  ]);
  assertEquals(run.reached(LIMIT), true);
});
