/**
 * When a consumer is idle, stalled, or neither.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Liveness, type Stall } from "../../lib/consume/liveness.ts";

function bench(
  { idleExitMs, stallMs }: {
    readonly idleExitMs?: number;
    readonly stallMs?: number;
  } = {},
) {
  const idle = Promise.withResolvers<number>();
  const stall = Promise.withResolvers<Stall>();
  const began = Date.now();
  const liveness = new Liveness({
    idleExitMs,
    ...(stallMs === undefined ? {} : { stallMs }),
    freshMs: 1_000,
    idle: () => idle.resolve(Date.now() - began),
    stalled: (found) => stall.resolve(found),
  });
  liveness.watch();
  answeredTwice(liveness);
  return {
    liveness,
    idle: idle.promise,
    stall: stall.promise,
    [Symbol.dispose]: () => liveness.unwatch(),
  };
}

/** Lets two fetches return nothing. */
function answeredTwice(liveness: Liveness): void {
  liveness.answered();
  liveness.answered();
}

async function within<T>(
  promise: Promise<T>,
  ms: number,
): Promise<T | undefined> {
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

/** Holds up the event loop, as a suspended process does. */
function suspend(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

Deno.test("Liveness is idle when nothing has come for that long, and not before", async () => {
  using b = bench({ idleExitMs: 100 });
  const after = await within(b.idle, 2_000);
  assert(after !== undefined && after >= 100, `${after} ms`);
});

Deno.test("Liveness is not idle while a batch is being processed, and counts from its end", async () => {
  using b = bench({ idleExitMs: 50 });
  const { liveness, idle } = b;
  liveness.batchBegins();
  assertEquals(liveness.busy, true);
  assertEquals(await within(idle, 200), undefined);
  liveness.batchEnds();
  liveness.answered();
  assertEquals(liveness.busy, false);
  // It may have begun before the consumer was sent to another offset.
  assertEquals(await within(idle, 200), undefined);
  liveness.answered();
  assert(await within(idle, 2_000) !== undefined);
});

Deno.test("Liveness is not idle while no fetch is answered: Kafka may be out of reach", async () => {
  const idle = Promise.withResolvers<number>();
  const liveness = new Liveness({
    idleExitMs: 20,
    freshMs: 50,
    idle: () => idle.resolve(0),
    stalled: () => {},
  });
  liveness.watch();
  assertEquals(await within(idle.promise, 150), undefined);
  answeredTwice(liveness);
  assertEquals(await within(idle.promise, 1_000), 0);
  liveness.unwatch();
});

Deno.test("Liveness is never idle without a time for it, and has no gap between fetches at the beginning", async () => {
  using b = bench();
  assertEquals(await within(b.idle, 100), undefined);
  assertEquals(b.liveness.hadFetchGap, false);
});

Deno.test("Liveness reports a stall when there is no sign of life", async () => {
  // The interval of the checks follows from the time after which it is idle.
  using b = bench({ idleExitMs: 1_000, stallMs: 300 });
  for (let n = 0; n < 5; n++) {
    await within(b.stall, 100);
    b.liveness.alive();
  }
  const found = await within(b.stall, 5_000);
  assertEquals(found?.kind, "silent");
  assert((found?.forMs ?? 0) > 300);
});

Deno.test("Liveness reports no stall and is not idle just after the process was suspended", async () => {
  using b = bench({ idleExitMs: 250, stallMs: 250 });
  await within(b.stall, 50);
  suspend(600);
  assertEquals(await within(Promise.race([b.stall, b.idle]), 100), undefined);
  b.liveness.alive();
  assertEquals(await within(b.stall, 150), undefined);
  assert(await within(b.stall, 5_000));
});

Deno.test("Liveness reports a stall, and is not idle, while fetches bring nothing though there is something", async () => {
  using b = bench({ idleExitMs: 50, stallMs: 200 });
  const { liveness } = b;
  assertEquals(liveness.stuck(), 0);
  const fetches = setInterval(() => {
    liveness.answered();
    liveness.stuck();
  }, 10);
  assertEquals(await within(b.idle, 150), undefined);
  const found = await within(b.stall, 5_000);
  clearInterval(fetches);
  assertEquals(found?.kind, "stuck");
  liveness.moved();
  assertEquals(liveness.stuck(), 0);
});
