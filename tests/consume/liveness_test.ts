/**
 * When a consumer is idle and when it is not. Stalls and times away take too long for a unit test.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Liveness } from "../../lib/consume/liveness.ts";

function bench(idleExitMs: number | undefined) {
  const idle = Promise.withResolvers<number>();
  const began = Date.now();
  const liveness = new Liveness({
    idleExitMs,
    freshMs: 1_000,
    idle: () => idle.resolve(Date.now() - began),
    stalled: () => idle.reject(new Error("stalled")),
  });
  liveness.answered();
  liveness.watch();
  return { liveness, idle: idle.promise };
}

async function within(
  promise: Promise<number>,
  ms: number,
): Promise<number | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("Liveness is idle when nothing came for as long as that takes, and not before", async () => {
  const { liveness, idle } = bench(100);
  const after = await within(idle, 2_000);
  liveness.unwatch();
  assert(after !== undefined && after >= 100, `${after} ms`);
});

Deno.test("Liveness is not idle while a batch is in hand, and counts from its end", async () => {
  const { liveness, idle } = bench(50);
  liveness.batchBegins();
  assertEquals(liveness.busy, true);
  assertEquals(await within(idle, 200), undefined);
  liveness.batchEnds();
  liveness.answered();
  assertEquals(liveness.busy, false);
  assert(await within(idle, 2_000) !== undefined);
  liveness.unwatch();
});

Deno.test("Liveness is not idle while nothing is fetched: Kafka may be out of reach", async () => {
  const idle = Promise.withResolvers<number>();
  const liveness = new Liveness({
    idleExitMs: 20,
    freshMs: 50,
    idle: () => idle.resolve(0),
    stalled: () => {},
  });
  liveness.watch();
  assertEquals(await within(idle.promise, 150), undefined);
  liveness.answered();
  assertEquals(await within(idle.promise, 1_000), 0);
  liveness.unwatch();
});

Deno.test("Liveness never is idle where no time is set, and was not away when it has only just begun", async () => {
  const { liveness, idle } = bench(undefined);
  assertEquals(await within(idle, 100), undefined);
  liveness.unwatch();
  assertEquals(liveness.hadFetchGap, false);
});
