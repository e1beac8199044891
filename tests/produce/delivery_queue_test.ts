/**
 * The delivery loop of one partition: every message ends in exactly one way, in its order, whatever Kafka answers.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  DeliveryQueue,
  type DeliveryQueueOptions,
  type Sendable,
  type SendErrorAction,
} from "../../lib/produce/delivery_queue.ts";

interface Message extends Sendable {
  readonly id: number;
}

/** An error that names the queue's verdict on it. */
class Refusal extends Error {
  constructor(readonly verdict: SendErrorAction) {
    super(`Kafka says ${verdict}`);
  }
}

type Send = (
  batch: readonly Message[],
  request: number,
) => Promise<bigint> | bigint;

const message = (id: number, size = 1): Message => ({ id, size });
const ids = (batch: readonly Message[] | undefined) =>
  batch?.map(({ id }) => id);

/** A queue, and everything that it does. By default its requests succeed, and offsets go on from 0. */
function bench(
  send?: Send,
  options: Partial<DeliveryQueueOptions<Message>> = {},
) {
  const requests: (readonly Message[])[] = [];
  const delivered: [id: number, offset: string][] = [];
  const failed: [id: number, error: unknown][] = [];
  const waits: boolean[] = [];
  const account = { atOnce: 0, mostAtOnce: 0, next: 0n };
  const queue = new DeliveryQueue<Message>({
    async send(batch) {
      requests.push(batch);
      account.mostAtOnce = Math.max(account.mostAtOnce, ++account.atOnce);
      try {
        await Promise.resolve();
        if (send) return await send(batch, requests.length);
        account.next += BigInt(batch.length);
        return account.next - BigInt(batch.length);
      } finally {
        account.atOnce--;
      }
    },
    classify: (error) => error instanceof Refusal ? error.verdict : "stop",
    delivered: ({ id }, offset) => delivered.push([id, offset]),
    failed: ({ id }, error) => failed.push([id, error]),
    waiting: (now) => waits.push(now),
    maxBatchCount: 100,
    maxBatchBytes: 1_000,
    deliveryTimeoutMs: 5_000,
    ...options,
  });
  const push = (...list: Message[]) => list.forEach((one) => queue.push(one));
  /** Waits until the first request is under way. */
  const begun = async () => {
    while (requests.length === 0) await Promise.resolve();
  };
  return { queue, push, begun, requests, delivered, failed, waits, account };
}

Deno.test("DeliveryQueue.push() sends at once, in one batch, with consecutive offsets, what is pushed in one go", async () => {
  const b = bench(() => 41n);
  b.push(message(1), message(2), message(3));
  await b.queue.flush();
  assertEquals(b.requests.map(ids), [[1, 2, 3]]);
  assertEquals(b.delivered, [[1, "41"], [2, "42"], [3, "43"]]);
  assertEquals([b.failed, b.waits, b.queue.stopped], [[], [], false]);
});

Deno.test("DeliveryQueue.push() gathers while a request is under way, and never has two", async () => {
  const answer = Promise.withResolvers<bigint>();
  const b = bench((_, request) => request === 1 ? answer.promise : 1n);
  b.push(message(1));
  await b.begun();
  for (let id = 2; id <= 5; id++) {
    b.push(message(id));
    await Promise.resolve();
  }
  assertEquals(b.requests.map(ids), [[1]]);
  answer.resolve(0n);
  await b.queue.flush();
  assertEquals(b.requests.map(ids), [[1], [2, 3, 4, 5]]);
  assertEquals(b.account.mostAtOnce, 1);
  assertEquals(b.delivered.map(([, offset]) => offset).join(), "0,1,2,3,4");
});

Deno.test("DeliveryQueue.push() makes batches that keep both limits, and sends a message over the limit alone", async () => {
  const tables: [sizes: number[], batches: number[][]][] = [
    [[1, 1, 1, 1, 1, 1, 1], [[1, 2, 3], [4, 5, 6], [7]]],
    [[40, 40, 20, 1], [[1, 2, 3], [4]]],
    [[40, 40, 21], [[1, 2], [3]]],
    [[1, 500, 1, 1], [[1], [2], [3, 4]]],
    [[500, 500], [[1], [2]]],
    [[100], [[1]]],
  ];
  for (const [sizes, batches] of tables) {
    const b = bench(undefined, { maxBatchCount: 3, maxBatchBytes: 100 });
    b.push(...sizes.map((size, i) => message(i + 1, size)));
    await b.queue.flush();
    assertEquals(b.requests.map(ids), batches);
    assertEquals(b.delivered.map(([id]) => id), batches.flat());
    assertEquals(
      b.delivered.map(([, offset]) => offset),
      sizes.map((_, i) => String(i)),
    );
  }
});

Deno.test("DeliveryQueue sends the same batch again when told to, and says once that it waits and once that it is over", async () => {
  const b = bench((_, request) => {
    if (request <= 2) throw new Refusal("retry");
    return 7n;
  });
  b.push(message(1), message(2));
  await b.begun();
  b.push(message(3));
  await b.queue.flush();
  const [first, second, third, fourth] = b.requests;
  assertEquals(ids(first), [1, 2]);
  assertStrictEquals(second, first);
  assertStrictEquals(third, first);
  assertEquals(ids(fourth), [3]);
  assertEquals(b.waits, [true, false]);
  assertEquals(b.delivered, [[1, "7"], [2, "8"], [3, "7"]]);
});

Deno.test("DeliveryQueue splits down to the one message that is too large, and delivers the rest in order", async () => {
  for (const bad of [1, 4, 5, 9]) {
    const b = bench((batch) => {
      if (batch.some(({ id }) => id === bad)) throw new Refusal("split");
      b.account.next += BigInt(batch.length);
      return b.account.next - BigInt(batch.length);
    });
    const all = Array.from({ length: 9 }, (_, i) => i + 1);
    b.push(...all.map((id) => message(id)));
    await b.queue.flush();
    const rest = all.filter((id) => id !== bad);
    assertEquals(b.delivered, rest.map((id, i) => [id, String(i)]));
    assertEquals(b.failed.map(([id]) => id), [bad]);
    assertEquals(b.queue.stopped, false);
  }
});

Deno.test("DeliveryQueue fails everything that waits or comes later when the verdict is stop", async () => {
  const refusal = new Refusal("stop");
  const b = bench(() => {
    throw refusal;
  }, { maxBatchCount: 1 });
  b.push(message(1), message(2));
  await b.queue.flush();
  assertEquals(b.queue.stopped, true);
  b.push(message(3));
  await b.queue.flush();
  assertEquals(b.requests.map(ids), [[1]]);
  assertEquals(b.failed, [[1, refusal], [2, refusal], [3, refusal]]);
  assertEquals(b.delivered, []);
});

Deno.test("DeliveryQueue says that a wait is over when it ended in a split or a failure", async () => {
  for (const end of ["split", "stop"] as const) {
    const b = bench((_, request) => {
      if (request === 1) throw new Refusal("retry");
      if (request === 2) throw new Refusal(end);
      return 0n;
    });
    b.push(message(1), message(2));
    await b.queue.flush();
    assertEquals(b.waits, [true, false], end);
    assertEquals(b.delivered.length + b.failed.length, 2);
  }
});

Deno.test("DeliveryQueue.stop() lets the request under way end, and fails the rest with its error", async () => {
  const answer = Promise.withResolvers<bigint>();
  const b = bench(() => answer.promise);
  b.push(message(1));
  await b.begun();
  b.push(message(2));
  const reason = new Error("Enough");
  b.queue.stop(reason);
  b.queue.stop(new Error("Not this one"));
  answer.resolve(5n);
  await b.queue.flush();
  assertEquals(b.delivered, [[1, "5"]]);
  assertEquals(b.failed, [[2, reason]]);
});

Deno.test("DeliveryQueue gives up for good when the delivery timeout is over", async () => {
  const b = bench(() => {
    throw new Refusal("retry");
  }, { deliveryTimeoutMs: 2_000 });
  b.push(message(1));
  await b.begun();
  b.push(message(2));
  await b.queue.flush();
  assert(b.requests.length > 1);
  assert(b.requests.map(ids).every((numbers) => numbers?.join() === "1"));
  assertEquals(b.failed.map(([id, error]) => [id, String(error)]), [
    [1, "Error: Kafka says retry"],
    [2, "Error: Kafka says retry"],
  ]);
  assertEquals([b.waits, b.queue.stopped], [[true, false], true]);
});

Deno.test("DeliveryQueue gives every message the offset -1 when the broker doesn't answer", async () => {
  const b = bench(() => -1n);
  b.push(message(1), message(2));
  await b.queue.flush();
  assertEquals(b.delivered, [[1, "-1"], [2, "-1"]]);
});

Deno.test("DeliveryQueue.flush() waits for what is pushed while it waits, and for nothing when there is nothing", async () => {
  const b = bench(undefined, {
    delivered({ id }) {
      if (id < 4) b.push(message(id + 1));
    },
  });
  await b.queue.flush();
  b.push(message(1));
  await b.queue.flush();
  assertEquals(b.requests.map(ids), [[1], [2], [3], [4]]);
});

Deno.test("DeliveryQueue.flush() throws what a callback threw, and calls no delivered message failed", async () => {
  const broken = new Error("Nobody reads the output any more");
  const b = bench(undefined, {
    delivered() {
      throw broken;
    },
  });
  b.push(message(1), message(2));
  assertStrictEquals(await assertRejects(() => b.queue.flush()), broken);
  assertEquals(b.queue.stopped, true);
  b.push(message(3));
  assertStrictEquals(await assertRejects(() => b.queue.flush()), broken);
  assertEquals([b.requests.map(ids), b.failed], [[[1, 2]], []]);
});

Deno.test("DeliveryQueue.abandon() fails everything at once, and a late answer changes nothing", async () => {
  const answer = Promise.withResolvers<bigint>();
  const b = bench(() => answer.promise, { maxBatchCount: 1 });
  b.push(message(1), message(2));
  await b.begun();
  const flush = b.queue.flush();
  const reason = new Error("Enough");
  b.queue.abandon(reason);
  await flush;
  const failures = [[1, reason], [2, reason]];
  assertEquals<unknown>([b.failed, b.queue.stopped], [failures, true]);
  answer.resolve(0n);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals<unknown>([b.failed, b.delivered], [failures, []]);
  assertEquals(b.requests.map(ids), [[1]]);
});
