/**
 * The store on real databases, without a broker: transactions, the fence, the tables.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InvalidEventError, PipelineError } from "../../lib/base/errors.ts";
import type { EventBatch } from "../../lib/consume/handler.ts";
import { OffsetMovedError } from "../../lib/consume/offset_store.ts";
import type { OffsetStore } from "../../lib/consume/offset_store.ts";
import { type Order, orders } from "../../lib/events/order.ts";
import type { DatabaseSettings } from "../../lib/settings/database.ts";
import { query, type Row } from "../../lib/store/database.ts";
import { eventStore } from "../../lib/store/event_store.ts";
import { orderMinutes, orderStore } from "../../lib/store/orders.ts";
import { databaseName, openDatabase } from "../../lib/store/store.ts";
import { StoredEvent } from "../../lib/store/stored_event.ts";
import { databaseTest } from "../support/databases.ts";
import { makeOrder } from "../support/topics.ts";

const TOPIC = "demo";
const stored = new StoredEvent(orders, orderStore);

/** A member of the group: a connection, a store, and what it commits to Kafka. */
class Member implements AsyncDisposable {
  readonly committed: [number, bigint][] = [];
  readonly written: unknown[] = [];
  readonly store: ReturnType<typeof eventStore<Order>>;
  readonly #offsets: OffsetStore;
  readonly #close: () => Promise<void>;

  constructor(
    database: Awaited<ReturnType<typeof openDatabase>>,
  ) {
    this.store = eventStore(stored, {
      database,
      topic: TOPIC,
      stored: (batch) => this.written.push(batch),
    });
    this.#offsets = this.store.offsets({
      load: () => Promise.reject(new Error("Kafka is not asked")),
      save: (positions) => {
        this.committed.push(...positions);
        return Promise.resolve();
      },
    });
    this.#close = () => database.close();
  }

  static async join(settings: DatabaseSettings): Promise<Member> {
    const member = new Member(await openDatabase(settings, stored.tables));
    await member.load();
    return member;
  }

  load(): Promise<ReadonlyMap<number, bigint>> {
    return this.#offsets.load([]);
  }

  save(next: number, partition = 0): Promise<void> {
    return this.#offsets.save(new Map([[partition, BigInt(next)]]));
  }

  async write(batch: EventBatch<Order>): Promise<void> {
    await this.store.write(batch, { signal: new AbortController().signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Makes a batch whose first event has an offset, and the others the next ones. */
function batchOf(
  first: number,
  events: readonly Order[],
  partition = 0,
): EventBatch<Order> {
  return {
    topic: TOPIC,
    partition,
    records: events.map((event, at) => ({
      topic: TOPIC,
      partition,
      offset: String(first + at),
      timestamp: 0,
      key: null,
      headers: [],
      event,
    })),
  };
}

const COUNTS = `SELECT (SELECT count(*) FROM orders) AS stored,
  (SELECT sum(orders) FROM order_minutes) AS counted,
  (SELECT sum(cents) FROM order_customers) AS cents,
  (SELECT max(next) FROM positions) AS next`;

databaseTest(
  "write() keeps events, aggregates and the offset together, and counts an event that comes twice once",
  async ({ settings, read }) => {
    await using member = await Member.join(settings);
    await member.save(0);
    const [a, b, c] = [
      makeOrder({ is_member: true, customer_name: "Zoë 'Z' O\"Hara \\ 😀" }),
      makeOrder({ drink_name: "Latte", amount: 4.95 }),
      makeOrder({ ts_utc: "2026-02-03T02:15:59Z", amount: 0.1 }),
    ] as const;
    await member.write(batchOf(0, [a, b, a]));
    await member.write(batchOf(3, [b, c]));
    await member.save(7);
    await member.save(6);
    assertEquals(member.written, [
      { partition: 0, count: 3, added: 2 },
      { partition: 0, count: 2, added: 1 },
    ]);
    assertEquals(member.committed, [[0, 0n], [0, 7n]]);
    assertEquals(await member.load(), new Map([[0, 7n]]));

    assertEquals(
      await read(
        `SELECT customer_name, drink_name, is_member, "offset", amount_cents, partition FROM orders WHERE event_id = ?`,
        [a.event_id],
      ).then(([row]): Row => ({
        ...row,
        is_member: row?.["is_member"] == true,
      })),
      {
        customer_name: a.customer_name,
        drink_name: "Cold Brew",
        is_member: true,
        offset: 0,
        amount_cents: 1050,
        partition: 0,
      },
    );
    const minutes = await read(
      "SELECT minute, drink_name, orders, cents, member_orders, late FROM order_minutes ORDER BY 1, 2",
    );
    const minute = "2026-02-03T02:16:00Z";
    assertEquals(minutes, [
      {
        minute: "2026-02-03T02:15:00Z",
        drink_name: "Cold Brew",
        orders: 1,
        cents: 10,
        member_orders: 0,
        late: 1,
      },
      {
        minute,
        drink_name: "Cold Brew",
        orders: 1,
        cents: 1050,
        member_orders: 1,
        late: 0,
      },
      {
        minute,
        drink_name: "Latte",
        orders: 1,
        cents: 495,
        member_orders: 0,
        late: 0,
      },
    ]);
  },
);

databaseTest(
  "write() is refused where another member has moved the offset, and leaves nothing behind",
  async ({ settings, read }) => {
    await using old = await Member.join(settings);
    await old.save(0);
    await old.write(batchOf(0, [makeOrder()]));
    await using next = await Member.join(settings);
    await next.write(batchOf(1, [makeOrder(), makeOrder()]));
    const before = await read(COUNTS);
    await assertRejects(
      () => old.write(batchOf(1, [makeOrder()])),
      OffsetMovedError,
      `Another member has moved the offset of ${TOPIC} [0]`,
    );
    // Nor is the offset: neither in the database nor in Kafka.
    await old.save(2);
    await old.save(9);
    assertEquals(old.committed, [[0, 0n]]);
    assertEquals(await read(COUNTS), before);
    assertEquals(await old.load(), new Map([[0, 3n]]));
    await old.write(batchOf(3, [makeOrder()]));
    await assertRejects(
      () => next.write(batchOf(3, [makeOrder()])),
      OffsetMovedError,
    );
  },
);

databaseTest(
  "write() goes on with the windows where the last member stopped, whatever the batches",
  async ({ settings, read }) => {
    const at = (minute: number) =>
      makeOrder({ ts_utc: `2026-02-03T02:${minute}:30Z` });
    const events = [at(10), at(12), at(11), at(12), at(10), at(13), at(12)];
    const expected = orderMinutes.totals(events)
      .map(({ minute, orders, late = 0 }) => ({ minute, orders, late }))
      .toSorted((a, b) => a.minute < b.minute ? -1 : 1);
    for (const [partition, sizes] of [[7], [1, 1, 5], [3, 4]].entries()) {
      let first = 0;
      for (const size of sizes) {
        await using member = await Member.join(settings);
        if (first === 0) await member.save(0, partition);
        const some = events.slice(first, first + size)
          .map((event) => ({ ...event, event_id: crypto.randomUUID() }));
        await member.write(batchOf(first, some, partition));
        first += size;
      }
      const rows = await read(
        "SELECT minute, orders, late FROM order_minutes WHERE partition = ? ORDER BY 1",
        [partition],
      );
      assertEquals(rows, expected);
    }
  },
);

databaseTest(
  "write() takes no event for late after one that is dated years ahead",
  async ({ settings, read }) => {
    const soon = (minutes: number) =>
      new Date(Date.now() + minutes * 60_000).toISOString();
    const times = [
      soon(0),
      "2099-01-01T00:00:00Z",
      soon(1),
      soon(600),
      soon(0),
    ];
    const latest = async () =>
      (await read("SELECT latest_event_at AS at FROM positions"))[0]?.["at"];
    for (const size of [1, 5]) {
      await using member = await Member.join(settings);
      const first = Number((await member.load()).get(0) ?? 0n);
      if (first === 0) await member.save(0);
      for (let at = 0; at < times.length; at += size) {
        const events = times.slice(at, at + size)
          .map((ts_utc) => makeOrder({ ts_utc }));
        await member.write(batchOf(first + at, events));
        if (times[at] === "2099-01-01T00:00:00Z") {
          assertEquals(await latest(), times[0]);
        }
      }
      assertEquals(await latest(), times[3]);
    }
    // One of the first round, and three of the second.
    assertEquals(
      await read("SELECT CAST(sum(late) AS INT) AS late FROM order_minutes"),
      [{ late: 4 }],
    );
  },
);

databaseTest(
  "write() rejects an event that can't be kept, and nothing of its batch stays",
  async ({ settings, read }) => {
    await using member = await Member.join(settings);
    await member.save(0);
    for (
      const [changes, message] of [
        [
          { ts_utc: "yesterday" },
          'ts_utc has to be a time in ISO 8601, UTC: "yesterday"',
        ],
        [{ amount: 1e200 }, "amount_cents can't be kept as a whole number"],
        [{ amount: 1e10 }, "order_minutes.cents adds up whole numbers"],
      ] as const
    ) {
      await assertRejects(
        () => member.write(batchOf(0, [makeOrder(), makeOrder(changes)])),
        InvalidEventError,
        message,
      );
    }
    const [counts] = await read(COUNTS);
    assertEquals([Number(counts?.["stored"]), Number(counts?.["next"])], [
      0,
      0,
    ]);
    await member.write(batchOf(0, [makeOrder()]));
  },
);

databaseTest(
  "openDatabase() makes the tables once, and refuses a newer database and a table with other columns",
  async ({ settings }) => {
    const open = () => openDatabase(settings, stored.tables);
    const opened = await Promise.all([open(), open()]);
    for (const database of opened) await database.close();
    const database = await open();
    try {
      await database.transaction(function* () {
        yield* query("ALTER TABLE order_minutes DROP COLUMN cups");
        yield* query("ALTER TABLE order_minutes DROP COLUMN cents");
      });
      const lacking = await assertRejects(
        open,
        PipelineError,
        `The table 'order_minutes' of the database '${database.name}' lacks cups, cents`,
      );
      assertMatch(
        lacking.hint ?? "",
        /^Its definition has changed .*\n.*\n {2}ALTER TABLE order_minutes ADD COLUMN cups \w+;\n {2}ALTER TABLE order_minutes ADD COLUMN cents \w+;$/,
      );
      await database.transaction(function* () {
        yield* query("INSERT INTO migrations VALUES (99, 'later', '')");
      });
      await assertRejects(
        open,
        PipelineError,
        "is of version 99, and this program knows 1",
      );
    } finally {
      await database.close();
    }
  },
);

databaseTest(
  "openDatabase() makes the table of a new aggregate, and says once that it lacks what was stored before",
  async ({ settings }) => {
    const told: string[] = [];
    const more = { ...orderMinutes.table, name: "more_minutes" };
    for (
      const tables of [
        stored.tables,
        [...stored.tables, more],
        [...stored.tables, more],
      ]
    ) {
      const database = await openDatabase(settings, tables, {
        notify: (line) => told.push(line),
      });
      await database.close();
    }
    assertEquals(told, [
      `The table 'more_minutes' is new in the database '${
        databaseName(settings)
      }': what was stored before is not counted in it.`,
    ]);
  },
);
