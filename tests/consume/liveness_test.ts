/**
 * When a consumer is idle, stalled, or neither.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Liveness, type Stall } from "../../lib/consume/liveness.ts";
import { FakeClock } from "../support/fake_clock.ts";

class Bench implements Disposable {
  readonly clock = new FakeClock();
  readonly liveness: Liveness;
  /** When it was first idle, in milliseconds since the beginning. */
  idleAt: number | undefined;
  /** The first stall. */
  stall: Stall | undefined;

  constructor(
    { idleExitMs, stallMs, freshMs = 1_000 }: {
      readonly idleExitMs?: number;
      readonly stallMs?: number;
      readonly freshMs?: number;
    } = {},
  ) {
    this.liveness = new Liveness({
      idleExitMs,
      ...(stallMs === undefined ? {} : { stallMs }),
      freshMs,
      idle: () => this.idleAt ??= Date.now(),
      stalled: (found) => this.stall ??= found,
    });
    this.liveness.watch();
  }

  /** Lets two fetches return nothing. */
  answeredTwice(): void {
    this.liveness.answered();
    this.liveness.answered();
  }

  [Symbol.dispose](): void {
    this.liveness.unwatch();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("Liveness is idle when nothing has come for that long, and not before", () => {
  using b = new Bench({ idleExitMs: 100 });
  b.answeredTwice();
  b.clock.pass(99);
  assertEquals(b.idleAt, undefined);
  b.clock.pass(20);
  assert(b.idleAt !== undefined && b.idleAt >= 100, `${b.idleAt} ms`);
});

Deno.test("Liveness is not idle while a batch is being processed, and counts from its end", () => {
  using b = new Bench({ idleExitMs: 50 });
  const { liveness, clock } = b;
  b.answeredTwice();
  liveness.batchBegins();
  assertEquals(liveness.busy, true);
  clock.pass(200);
  assertEquals(b.idleAt, undefined);
  liveness.batchEnds();
  liveness.answered();
  assertEquals(liveness.busy, false);
  // It may have begun before the consumer was sent to another offset.
  clock.pass(200);
  assertEquals(b.idleAt, undefined);
  liveness.answered();
  clock.pass(20);
  assert(b.idleAt !== undefined);
});

Deno.test("Liveness is not idle while no fetch is answered: Kafka may be out of reach", () => {
  using b = new Bench({ idleExitMs: 20, freshMs: 50 });
  b.clock.pass(150);
  assertEquals(b.idleAt, undefined);
  b.answeredTwice();
  b.clock.pass(20);
  assert(b.idleAt !== undefined);
});

Deno.test("Liveness is never idle without a time for it, and has no gap between fetches at the beginning", () => {
  using b = new Bench();
  b.answeredTwice();
  b.clock.pass(80_000);
  assertEquals([b.idleAt, b.stall], [undefined, undefined]);
  assertEquals(b.liveness.hadFetchGap, false);
});

Deno.test("Liveness reports a stall when there is no sign of life", () => {
  // The interval of the checks follows from the time after which it is idle.
  using b = new Bench({ idleExitMs: 1_000, stallMs: 300 });
  for (let n = 0; n < 5; n++) {
    b.clock.pass(100);
    b.liveness.alive();
  }
  assertEquals(b.stall, undefined);
  b.clock.pass(500);
  assertEquals(b.stall?.kind, "silent");
  assert((b.stall?.forMs ?? 0) > 300);
});

Deno.test("Liveness reports no stall while a batch is being processed, and counts from its end", () => {
  using b = new Bench({ idleExitMs: 1_000, stallMs: 300 });
  b.liveness.batchBegins();
  b.clock.pass(1_000);
  b.liveness.batchEnds();
  b.clock.pass(200);
  assertEquals(b.stall, undefined);
  b.clock.pass(300);
  assertEquals(b.stall?.kind, "silent");
});

Deno.test("Liveness reports no stall and is not idle just after the process was suspended", () => {
  using b = new Bench({ idleExitMs: 250, stallMs: 250 });
  const { clock } = b;
  b.answeredTwice();
  clock.pass(50);
  clock.suspend(600);
  clock.pass(100);
  assertEquals([b.idleAt, b.stall], [undefined, undefined]);
  b.liveness.alive();
  clock.pass(150);
  assertEquals(b.stall, undefined);
  clock.pass(150);
  assert(b.stall);
});

Deno.test("Liveness reports a stall, and is not idle, while fetches bring nothing though there is something", () => {
  using b = new Bench({ idleExitMs: 50, stallMs: 200 });
  const { liveness, clock } = b;
  assertEquals(liveness.stuck(), 0);
  for (let ms = 0; ms < 300; ms += 10) {
    liveness.answered();
    liveness.stuck();
    clock.pass(10);
    if (ms < 150) assertEquals(b.stall, undefined);
  }
  assertEquals(b.idleAt, undefined);
  assertEquals(b.stall?.kind, "stuck");
  liveness.moved();
  assertEquals(liveness.stuck(), 0);
});
