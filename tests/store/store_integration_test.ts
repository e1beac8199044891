/**
 * The store on a real Kafka, a real registry and real databases.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { deadLetterTopic } from "../../lib/consume/dead_letters/dead_letter.ts";
import { type Order, orders } from "../../lib/events/order.ts";
import { resetGroup } from "../../lib/operate/groups.ts";
import type { StoredBatch } from "../../lib/store/event_store.ts";
import { orderMinutes, orderStore } from "../../lib/store/orders.ts";
import { store, type StoreOptions } from "../../lib/store/store.ts";
import { DATABASES, type TestDatabase } from "../support/databases.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

/** Registers a test for each kind of database. */
function storeTest(
  name: string,
  fn: (bench: Bench, database: TestDatabase) => Promise<void>,
): void {
  for (const kind of DATABASES) {
    if (kind.missing) {
      Deno.test({
        name: `${name} (${kind.name}: ${kind.missing})`,
        ignore: true,
        fn() {},
      });
    } else {
      integrationTest(
        `${name} (${kind.name})`,
        (bench) => kind.with((database) => fn(bench, database)),
      );
    }
  }
}

/** Stores until nothing comes for a second. */
async function run(
  bench: Bench,
  { settings }: TestDatabase,
  options: StoreOptions = {},
) {
  const { config, topic, group } = bench;
  const batches: StoredBatch[] = [];
  const counts = await store(orders, orderStore, {
    config,
    topic,
    group,
    database: settings,
    idleExitMs: 1_000,
    signal: AbortSignal.timeout(PATIENCE_MS),
    stored: (batch) => batches.push(batch),
    ...options,
  });
  const added = batches.reduce((sum, batch) => sum + batch.added, 0);
  return { ...counts, added };
}

async function send(
  bench: Bench,
  events: readonly Order[],
  partitions = 1,
): Promise<void> {
  const values = await encodeOrders(bench, events);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value, at) => ({
      partition: at % partitions,
      key: null,
      value,
    })),
  );
}

const NEXT = "SELECT partition, next FROM positions WHERE topic = ? ORDER BY 1";

storeTest(
  "store() counts each order once, though the producer sends each twice and a run ends between",
  async (bench, database) => {
    await makeTopic(bench, 3);
    const events = Array.from(
      { length: 300 },
      (_, n) =>
        makeOrder({
          drink_name: ["Latte", "Espresso"][n % 2] ?? "",
          amount: (100 + n) / 100,
          quantity: 1 + n % 4,
          is_member: n % 3 === 0,
          ts_utc: new Date(1_770_000_000_000 + n * 1_000).toISOString(),
        }),
    );
    await send(bench, [...events, ...events], 3);
    const first = await run(bench, database, { count: 1 });
    const rest = await run(bench, database);
    assertEquals([first.consumed + rest.consumed, first.added + rest.added], [
      600,
      300,
    ]);
    const expected = orderMinutes.totals(events).map(({ late: _, ...row }) =>
      row
    );
    const rows = await database.read(
      `SELECT minute, drink_name, ${
        [...orderMinutes.merge.keys()].filter((name) => name !== "late")
          .map((name) => `sum(${name}) AS ${name}`).join(", ")
      } FROM order_minutes GROUP BY minute, drink_name`,
    );
    const sorted = (list: readonly object[]) =>
      list.map((row) => JSON.stringify(row)).toSorted();
    assertEquals(sorted(rows), sorted(expected));
    assertEquals(
      await database.read("SELECT sum(cents) AS cents FROM order_customers"),
      [{ cents: events.reduce((sum, { amount }) => sum + amount * 100, 0) }],
    );
  },
);

storeTest(
  "store() goes on where the database says, whatever the group has committed in Kafka",
  async (bench, database) => {
    await makeTopic(bench, 1);
    await send(bench, [makeOrder(), makeOrder(), makeOrder()]);
    assertEquals((await run(bench, database)).added, 3);
    assertEquals(await committedOffsets(bench), { 0: 3 });
    // So moving the group would move nothing.
    await assertRejects(
      () =>
        resetGroup(bench.config, {
          group: bench.group,
          topic: bench.topic,
          to: { kind: "earliest" },
          execute: true,
        }),
      PipelineError,
      `The group '${bench.group}' feeds a store: its database decides where reading goes on`,
    );
    // A new group, and the same database.
    const group = `${bench.group}-2`;
    await send(bench, [makeOrder()]);
    const { consumed, added } = await run(bench, database, { group });
    assertEquals({ consumed, added }, { consumed: 1, added: 1 });
    // The old group, which Kafka has at 3, as if it had been killed before it committed; the database is at 4.
    assertEquals((await run(bench, database)).consumed, 0);
    assertEquals(await committedOffsets(bench), { 0: 4 });
    assertEquals(await database.read(NEXT, [bench.topic]), [
      { partition: 0, next: 4 },
    ]);
  },
);

storeTest(
  "store() sets aside what can't be read or kept, and moves past it",
  async (bench, database) => {
    await makeTopic(bench, 1);
    await send(bench, [
      makeOrder(),
      makeOrder({ amount: 1e10 }),
      makeOrder(),
    ]);
    await sendRaw(bench.config, bench.topic, [
      { partition: 0, key: null, value: "not an event" },
      { partition: 0, key: "charlie_davis", value: null },
    ]);
    const reasons: string[] = [];
    const result = await run(bench, database, {
      setAside: ({ error, letter }) => {
        assertEquals(letter.topic, deadLetterTopic(bench.topic));
        reasons.push(error instanceof Error ? error.message : "");
      },
    });
    assertEquals(result, {
      consumed: 2,
      deadLetters: 2,
      tombstones: 1,
      added: 2,
    });
    assertEquals(reasons.toSorted(), [
      "The magic byte is 0x6e and not 0x00",
      "order_minutes.cents adds up whole numbers of up to 100000000000: 1000000000000",
    ]);
    assertEquals(await database.read(NEXT, [bench.topic]), [
      { partition: 0, next: 5 },
    ]);
    assertEquals(await committedOffsets(bench), { 0: 5 });
  },
);

storeTest(
  "store() goes back to where the database says when that was moved under it",
  async (bench, database) => {
    await makeTopic(bench, 1);
    await send(bench, [makeOrder(), makeOrder()]);
    const stop = new AbortController();
    const batches: StoredBatch[] = [];
    const stored = (batch: StoredBatch) => {
      batches.push(batch);
      if (batch.partition === 0 && batch.added === 1) stop.abort();
    };
    const caughtUp = Promise.withResolvers<void>();
    const running = run(bench, database, {
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE_MS)]),
      idleExitMs: PATIENCE_MS,
      stored(batch) {
        stored(batch);
        caughtUp.resolve();
      },
    });
    await Promise.race([running, caughtUp.promise]);
    await database.read(
      "UPDATE positions SET next = 0 WHERE topic = ? RETURNING next",
      [bench.topic],
    );
    await send(bench, [makeOrder()]);
    await running;
    assertEquals(batches.map(({ count, added }) => [count, added]), [
      [2, 2],
      [3, 1],
    ]);
    assertEquals(await database.read(NEXT, [bench.topic]), [
      { partition: 0, next: 3 },
    ]);
  },
);

storeTest(
  "store() ends with the reason where the database refuses, with nothing committed",
  async (bench, database) => {
    await makeTopic(bench, 1);
    await send(bench, [makeOrder()]);
    await run(bench, database);
    await database.read("DROP TABLE order_customers");
    await database.read(
      "CREATE TABLE order_customers (customer_name TEXT, partition INTEGER, orders INTEGER CHECK (orders < 1), cups INTEGER, cents INTEGER, PRIMARY KEY (customer_name, partition))",
    );
    await send(bench, [makeOrder()]);
    await assertRejects(() => run(bench, database), Error, "refuses: ");
    assertEquals(await database.read(NEXT, [bench.topic]), [
      { partition: 0, next: 1 },
    ]);
    assertEquals(
      await database.read("SELECT count(*) AS n FROM orders"),
      [{ n: 1 }],
    );
  },
);
