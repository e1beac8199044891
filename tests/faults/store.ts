/**
 * The store while everything around it is killed: each order counts once, to the cent.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { pause } from "../../lib/base/pause.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { type Order, randomOrders } from "../../lib/events/order.ts";
import type { DatabaseSettings } from "../../lib/settings/database.ts";
import type { Row } from "../../lib/store/database.ts";
import { readDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { ask, sumOf } from "../support/prometheus.ts";
import { PostgresServer, whyNoPostgres } from "../support/postgres_server.ts";
import type { TaskOptions } from "../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";
import { removeDeadMembers } from "./support/leave_group.ts";
import { HEADER_LENGTH } from "../../lib/events/wire_format.ts";
import { readLog, topicEnds } from "./support/topic_log.ts";
import { WatchedTask } from "./support/watched_task.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

/** A database that can be taken away. */
interface Victim extends AsyncDisposable {
  readonly settings: DatabaseSettings;
  /** How the task is run that uses it. */
  readonly task: {
    readonly args: readonly string[];
    readonly more: Pick<TaskOptions, "env" | "reach">;
  };
  /** Takes it away while something is done. */
  away(work: () => Promise<void>): Promise<void>;
}

/** A file. It is away while another program has locked it. */
function sqliteVictim(): Victim {
  const path = `.data/faults-${crypto.randomUUID()}.db`;
  const file = `${checkoutFolder()}/${path}`;
  return {
    settings: { path: file },
    task: { args: [`--database=${path}`], more: {} },
    async away(work) {
      using other = new DatabaseSync(file, { timeout: 5_000 });
      other.exec("BEGIN IMMEDIATE");
      await work();
      other.exec("ROLLBACK");
    },
    async [Symbol.asyncDispose]() {
      for (const end of ["", "-wal", "-shm"]) {
        await Deno.remove(`${file}${end}`).catch(() => {});
      }
    },
  };
}

/** A server. It is away when all its processes are killed. */
async function postgresVictim(): Promise<Victim> {
  const server = await PostgresServer.launch();
  const env = server.env("postgres");
  return {
    settings: server.settings(),
    task: { args: [], more: { env, reach: [`127.0.0.1:${server.port}`] } },
    async away(work) {
      await server.crash();
      await work();
      await server.start();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const PARTITIONS_COUNT = 3;
/** How many orders in a thousand are sent twice. */
const DOUBLED_PER_MILLE = 50;

/** Makes orders of some hours, some of which come up to five minutes late. */
function makeOrders({ random }: FaultBench, count: number): Order[] {
  const source = randomOrders({ seed: random.seed });
  return Array.from({ length: count }, (_, n) => {
    const lateMs = random.integer(0, 10) === 0 ? random.integer(0, 300_000) : 0;
    const atMs = 1_770_000_000_000 + n * 60 - lateMs;
    return {
      ...source.next().value,
      ts_utc: new Date(atMs).toISOString(),
    };
  });
}

/** What the cafe's tables must say, computed in the plainest way from what was produced. */
function expectedOf(events: readonly Order[]) {
  const minutes = new Map<string, number[]>();
  const customers = new Map<string, number[]>();
  const add = (map: Map<string, number[]>, key: string, row: number[]) =>
    map.set(key, row.map((value, at) => value + (map.get(key)?.[at] ?? 0)));
  for (const each of events) {
    const { quantity, is_member } = each;
    const cents = Math.round(each.amount * 100);
    const own = [1, quantity, cents];
    const members = is_member ? own : [0, 0, 0];
    const minute = `${each.ts_utc.slice(0, 16)}:00Z`;
    add(minutes, `${minute} ${each.drink_name}`, [...own, ...members]);
    add(customers, each.customer_name, own);
  }
  return { minutes, customers };
}

/** Counts late orders, from the sequence in which they are in the topic. */
async function lateOf({ config, topic }: FaultBench): Promise<number> {
  const latest = new Map<number, string>();
  const seen = new Set<string>();
  let late = 0;
  for (const { partition, value } of await readLog(config, topic)) {
    const json = new TextDecoder().decode(value?.subarray(HEADER_LENGTH));
    const { event_id, ts_utc }: Order = JSON.parse(json);
    const minute = ts_utc.slice(0, 16);
    const before = latest.get(partition) ?? "";
    if (!seen.has(event_id) && minute < before) late++;
    seen.add(event_id);
    if (minute > before) latest.set(partition, minute);
  }
  return late;
}

/** Reads the same from the database. */
async function storedIn(settings: DatabaseSettings) {
  const read = (sql: string) => readDatabase(settings, sql);
  const toMap = (rows: readonly Row[]) =>
    new Map(rows.map(({ key, ...row }) => [
      String(key),
      Object.values(row).map(Number),
    ]));
  const own = "sum(orders) AS a, sum(cups) AS b, sum(cents) AS c";
  return {
    minutes: toMap(
      await read(
        `SELECT minute || ' ' || drink_name AS key, ${own}, sum(member_orders) AS d, sum(member_cups) AS e, sum(member_cents) AS f FROM order_minutes GROUP BY 1`,
      ),
    ),
    customers: toMap(
      await read(
        `SELECT customer_name AS key, ${own} FROM order_customers GROUP BY 1`,
      ),
    ),
  };
}

/** Checks that each order counts once, and that the database and the group stand at the topic's end. */
async function checkCounted(
  bench: FaultBench,
  { settings }: Victim,
  events: readonly Order[],
): Promise<{ readonly late: number }> {
  const late = await lateOf(bench);
  const expected = expectedOf(events);
  const stored = await storedIn(settings);
  const [counts] = await readDatabase(
    settings,
    `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT sum(late) FROM order_minutes) AS late`,
  );
  const positions = await readDatabase(
    settings,
    "SELECT partition, next FROM positions ORDER BY 1",
  );
  assertEquals(counts, { orders: events.length, late });
  assertEquals(stored.minutes, expected.minutes);
  assertEquals(stored.customers, expected.customers);
  const ends = await topicEnds(bench.config, bench.topic);
  assertEquals(
    Object.fromEntries(
      positions.map(({ partition, next }) => [partition, next]),
    ),
    ends,
  );
  assertEquals(await committedOffsets(bench), ends);
  return { late };
}

/** The store's members of one test, and the orders that they get. */
class Cafe {
  readonly #bench: FaultBench;
  readonly #victim: Victim;
  readonly #members = new Set<WatchedTask>();

  constructor(bench: FaultBench, victim: Victim) {
    this.#bench = bench;
    this.#victim = victim;
  }

  start(
    args: readonly string[] = [],
    reach: readonly string[] = [],
  ): WatchedTask {
    const { config, topic, group } = this.#bench;
    const { task } = this.#victim;
    const member = new WatchedTask(
      config,
      "store",
      [`--topic=${topic}`, `--group=${group}`, ...task.args, ...args],
      (line) => {
        if (line === "Press Ctrl+C to stop") this.#members.add(member);
      },
      { ...task.more, reach: [...task.more.reach ?? [], ...reach] },
    );
    return member;
  }

  async listening(member: WatchedTask): Promise<void> {
    await member.until("Press Ctrl+C", () => this.#members.has(member));
  }

  /** Sends orders, some twice, each customer's to the same partition. */
  async send(events: readonly Order[]): Promise<void> {
    const { config, topic, random } = this.#bench;
    const sent = events.flatMap((event) =>
      random.integer(0, 1_000) < DOUBLED_PER_MILLE ? [event, event] : [event]
    );
    const values = await encodeOrders(this.#bench, sent);
    await sendRaw(
      config,
      topic,
      sent.map(({ customer_name }, at) => ({
        partition: customer_name.charCodeAt(0) % PARTITIONS_COUNT,
        key: customer_name,
        value: values[at] ?? null,
      })),
    );
  }
}

/** What happens to the store besides that it is killed. */
type Trouble = "broker" | "database" | "member" | "frozen" | undefined;

function storeFault(
  kind: string,
  makeVictim: () => Victim | Promise<Victim>,
): FaultTest {
  return {
    name:
      `store counts each order once, to the cent, while it, the broker and the database are killed (${kind})`,
    async fn(bench) {
      const { config, group, random, long, report } = bench;
      const [kills, each] = long ? [20, 10_000] : [3, 2_000];
      const troubles: Trouble[] = long
        ? random.shuffle([
          ...Array<Trouble>(2).fill("broker"),
          ...Array<Trouble>(2).fill("database"),
          ...Array<Trouble>(3).fill("member"),
          ...Array<Trouble>(2).fill("frozen"),
          ...Array<Trouble>(11).fill(undefined),
        ])
        : random.shuffle<Trouble>(["broker", "database", "member"]);
      await makeTopic(bench, PARTITIONS_COUNT);
      await using victim = await makeVictim();
      const cafe = new Cafe(bench, victim);
      const events = makeOrders(bench, kills * each);
      const startedAt = Date.now();
      for (let kill = 0; kill < kills; kill++) {
        const some = events.slice(kill * each, (kill + 1) * each);
        const half = random.integer(1, each);
        await using store = cafe.start();
        // A part waits for the store, the rest comes while it is at work.
        await cafe.send(some.slice(0, half));
        await cafe.listening(store);
        await run(
          troubles[kill],
          { bench, cafe, victim, store },
          () => cafe.send(some.slice(half)),
        );
        await pause(random.integer(0, 500));
        await store.kill();
        // Now and then Kafka has to find out by itself.
        if (!long || kill % 5 > 0) await removeDeadMembers(config, group);
      }
      await using last = cafe.start(["--idle-exit=3"]);
      const { code, stderr } = await last.end();
      const { late } = await checkCounted(bench, victim, events);
      await report({
        orders: events.length,
        kills,
        troubles: troubles.filter((trouble) => trouble).join("+"),
        late,
        took: `${Date.now() - startedAt} ms`,
      });
      assertEquals({ code, stderr }, { code: 0, stderr: [] });
    },
  };
}

/** Makes a trouble while orders come. */
async function run(
  trouble: Trouble,
  { bench, cafe, victim, store }: {
    readonly bench: FaultBench;
    readonly cafe: Cafe;
    readonly victim: Victim;
    readonly store: WatchedTask;
  },
  send: () => Promise<void>,
): Promise<void> {
  const { engine, random } = bench;
  switch (trouble) {
    case "broker":
      await send();
      await pause(random.integer(0, 300));
      await engine.killBroker();
      await store.untilSaid("Waiting for Kafka");
      await engine.startBroker();
      await store.untilSaid("No longer waiting for Kafka");
      return;
    case "database":
      await victim.away(async () => {
        await send();
        await store.untilSaid("Waiting for it...");
      });
      await store.untilSaid("No longer waiting for the database");
      return;
    case "member": {
      await using other = cafe.start();
      await cafe.listening(other);
      await send();
      await pause(random.integer(0, 500));
      other.signal("SIGTERM");
      assertEquals((await other.end(STOP_LIMIT_MS)).code, 0);
      return;
    }
    case "frozen": {
      // The group gives its partitions to another, and it writes on when it wakes.
      const sending = send();
      await pause(random.integer(0, 100));
      store.signal("SIGSTOP");
      await sending;
      await using other = cafe.start();
      await cafe.listening(other);
      store.signal("SIGCONT");
      await pause(random.integer(500, 1_500));
      await other.kill();
      return;
    }
    default:
      await send();
  }
}

function fenceFault(
  kind: string,
  makeVictim: () => Victim | Promise<Victim>,
): FaultTest {
  return {
    name:
      `store refuses what a member writes that was frozen until another had its partitions (${kind})`,
    async fn(bench) {
      const { config, group, long, report } = bench;
      const count = 1_000;
      await makeTopic(bench, PARTITIONS_COUNT);
      await using victim = await makeVictim();
      const cafe = new Cafe(bench, victim);
      const events = makeOrders(bench, count);
      const [port = 0] = freePorts(1);
      await using frozen = cafe.start([`--metrics-port=${port}`], [
        `127.0.0.1:${port}`,
      ]);
      const refused = async () =>
        sumOf(
          (await ask(port, "/metrics"))?.body ?? "",
          "db_client_operation_duration_seconds_count",
          'error_type="OffsetMovedError"',
        ) ?? 0;
      const stored = (wanted: number) =>
        eventually(`${wanted} orders stored`, async () => {
          const [row] = await readDatabase(
            victim.settings,
            "SELECT count(*) AS orders FROM orders",
          );
          return row?.["orders"] === wanted;
        });
      await cafe.listening(frozen);
      await victim.away(async () => {
        await cafe.send(events.slice(0, count / 2));
        // It has a batch in hand, and tries to write it again when it wakes.
        await frozen.untilSaid("Waiting for it...");
        frozen.signal("SIGSTOP");
      });
      const frozenAt = Date.now();
      // The short version doesn't wait until the session has run out.
      if (!long) await removeDeadMembers(config, group);
      await using other = cafe.start();
      await stored(count / 2);
      const frozenMs = Date.now() - frozenAt;
      frozen.signal("SIGCONT");
      await eventually("a refusal", async () => await refused() > 0);
      await cafe.send(events.slice(count / 2));
      await stored(count);
      await report({ frozenMs, refused: await refused() });
      for (const member of [frozen, other]) {
        member.signal("SIGTERM");
        assertEquals((await member.end()).code, 0);
      }
      await checkCounted(bench, victim, events);
    },
  };
}

/** The tests. */
export const STORE_FAULTS: readonly FaultTest[] = [
  storeFault("SQLite", sqliteVictim),
  fenceFault("SQLite", sqliteVictim),
  ...(whyNoPostgres ? [] : [
    storeFault("PostgreSQL", postgresVictim),
    // The short version does with one of them.
    { ...fenceFault("PostgreSQL", postgresVictim), version: "long" as const },
  ]),
];
