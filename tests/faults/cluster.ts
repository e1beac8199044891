/**
 * Three brokers of which one at a time is taken away, while orders are produced, consumed and stored.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { pause } from "../../lib/base/pause.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { createTopic } from "../../lib/kafka/topic.ts";
import type { DatabaseSettings } from "../../lib/settings/database.ts";
import { readDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import type { Bench } from "../support/integration.ts";
import { withAdmin } from "../support/kafkajs.ts";
import type { JsonRecord } from "../support/topics.ts";
import type { BrokerId, ClusterEngine } from "./support/cluster_engine.ts";
import { Consumption, type TaskPlace } from "./support/consumption.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";
import {
  eventIdOf,
  placeOf,
  readCommits,
  readLog,
  topicEnds,
} from "./support/topic_log.ts";
import { WatchedTask } from "./support/watched_task.ts";
import { PATIENCE_MS } from "../support/patience.ts";

/** What a test of a cluster works with. */
export type ClusterBench = FaultBench<ClusterEngine>;

const PARTITIONS_COUNT = 6;
/** How many processes consume, and how many store: members of a group. */
const MEMBERS_COUNT = 2;
/** How many orders a second are produced. */
const RATE = 500;

/** Measures the longest time in which nothing happened in a partition. */
class PauseMeter {
  readonly #last = new Map<number, number>();
  /** The longest pause, in milliseconds. */
  longest = 0;

  /** Notes that something happens in a partition. */
  tick(partition: number): void {
    const now = Date.now();
    const last = this.#last.get(partition) ?? now;
    this.longest = Math.max(this.longest, now - last);
    this.#last.set(partition, now);
  }

  /** Determines whether something has happened in every partition since a time, in milliseconds since the epoch. */
  allSince(time: number): boolean {
    return [...this.#last.values()].every((last) => last > time);
  }
}

/**
 * Finds commits of a group that may not be: those that go back (kafkajs issue 1119), and those behind the end.
 *
 * @param bench Where Kafka is, the group and the topic.
 * @param ends By partition, the offset behind the last message.
 * @returns How many commits there are, and each that may not be.
 */
async function checkCommits(
  bench: Bench,
  ends: Readonly<Record<number, number>>,
): Promise<{ readonly count: number; readonly wrong: readonly string[] }> {
  const highest = new Map<number, number>();
  const wrong: string[] = [];
  const commits = await readCommits(bench);
  for (const { partition, next } of commits) {
    const last = highest.get(partition) ?? 0;
    if (next < last || next > (ends[partition] ?? 0)) {
      wrong.push(`${bench.group} ${partition}: ${last} → ${next}`);
    }
    highest.set(partition, Math.max(last, next));
  }
  return { count: commits.length, wrong };
}

/** Where the tasks of a test run. */
export interface Surroundings {
  /** Where the n-th pair of a consumer and a store runs, from 0, and the producer as the first does. */
  readonly place: (pair: number) => TaskPlace;
  /** The store's database. */
  readonly database: DatabaseSettings;
  /** The flags that name it; none where the place's environment does. */
  readonly databaseFlags: readonly string[];
}

/** Runs the tasks beside the test, with a file as the store's database, which is removed with the stack. */
export function besideTest(
  { config }: ClusterBench,
  stack: AsyncDisposableStack,
): Surroundings {
  const database = `.data/faults-${crypto.randomUUID()}.db`;
  const path = `${checkoutFolder()}/${database}`;
  stack.defer(async () => {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(`${path}${end}`).catch(() => {});
    }
  });
  return {
    place: () => ({ config }),
    database: { path },
    databaseFlags: [`--database=${database}`],
  };
}

/** Produces, consumes and stores while a trouble lasts, and accounts for every order. */
export async function underLoad(
  bench: ClusterBench,
  trouble: () => Promise<void>,
  surround = besideTest,
): Promise<void> {
  const { config, topic, group, report } = bench;
  await createTopic(config, {
    topic,
    partitions: PARTITIONS_COUNT,
    replicationFactor: 3,
  });
  await using stack = new AsyncDisposableStack();
  const { place, database, databaseFlags } = surround(bench, stack);
  const acknowledged = new Map<string, string>();
  const [producing, consuming] = [new PauseMeter(), new PauseMeter()];
  const storeGroup = `${group}-store`;
  const consumption = new Consumption(bench);
  const members = await Promise.all(
    Array.from({ length: MEMBERS_COUNT }, async (_, pair) => {
      const own = place(pair);
      let isStoring = false;
      const store = stack.use(
        new WatchedTask(
          own.config,
          "store",
          [`--topic=${topic}`, `--group=${storeGroup}`, ...databaseFlags],
          (line) => {
            if (line === "Press Ctrl+C to stop") isStoring = true;
          },
          own,
        ),
      );
      const consumer = stack.use(
        consumption.start(
          [],
          ({ partition }) => consuming.tick(partition),
          own,
        ),
      );
      await store.until("the store listens", () => isStoring);
      return [consumer, store] as const;
    }),
  );
  const tasks = members.flat();
  const producer = stack.use(
    new WatchedTask(
      place(0).config,
      "produce",
      [
        `--topic=${topic}`,
        "--count=10000000",
        "--json",
        `--rate=${RATE}`,
        "--idempotent",
      ],
      (line) => {
        const record: JsonRecord = JSON.parse(line);
        acknowledged.set(record.event.event_id, placeOf(record));
        producing.tick(record.partition);
      },
      place(0),
    ),
  );
  await producer.until("deliveries", () => acknowledged.size > RATE);
  await eventually("orders", () => consumption.distinct > RATE);
  await trouble();
  const endedAt = Date.now();
  await producer.until(
    "deliveries to every partition after it",
    () => producing.allSince(endedAt),
  );
  producer.signal("SIGINT");
  const produced = await producer.end();
  const log = await readLog(config, topic);
  const places = new Map(
    log.map((message) => [placeOf(message), eventIdOf(message)]),
  );
  const ids = new Set(places.values());
  const deadline = Date.now() + PATIENCE_MS;
  while (consumption.distinct < log.length && Date.now() < deadline) {
    checkRunning(tasks);
    await pause(50);
  }
  const stored = async () => {
    const [row] = await readDatabase(
      database,
      "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT sum(orders) FROM order_minutes) AS counted",
    );
    return [Number(row?.["orders"]), Number(row?.["counted"])];
  };
  while ((await stored())[0] !== ids.size && Date.now() < deadline) {
    checkRunning(tasks);
    await pause(200);
  }
  checkRunning(tasks);
  for (const task of tasks) task.signal("SIGTERM");
  const ends = await Promise.all(tasks.map((task) => task.end()));
  const topicEnd = await topicEnds(config, topic);
  const commits = await Promise.all(
    [group, storeGroup].map((group) =>
      checkCommits({ config, topic, group }, topicEnd)
    ),
  );
  const lostInLog = [...acknowledged]
    .filter(([id, place]) => places.get(place) !== id).length;
  const lost = await consumption.lost();
  const doubled = log.length - ids.size;
  await report({
    acknowledged: acknowledged.size,
    lost: lostInLog + lost,
    "doubled in the log": doubled,
    commits: commits.map(({ count }) => count).join("+"),
    "consumed again": consumption.duplicated,
    "longest pause producing": `${producing.longest} ms`,
    "longest pause consuming": `${consuming.longest} ms`,
  });
  assertEquals({ lostInLog, doubled, lost }, {
    lostInLog: 0,
    doubled: 0,
    lost: 0,
  }, produced.stderr.join("\n"));
  assertEquals(await stored(), [ids.size, ids.size]);
  for (const { count, wrong } of commits) {
    assert(count > PARTITIONS_COUNT, `${count} commits`);
    assertEquals(wrong, []);
  }
  assertEquals(
    [produced, ...ends].map(({ code }) => code),
    [produced, ...ends].map(() => 0),
    [produced, ...ends].map(({ stderr }) => stderr.join("\n")).join("\n\n"),
  );
}

function checkRunning(tasks: readonly WatchedTask[]): void {
  for (const task of tasks) assert(task.running, task.stderr.join("\n"));
}

/** Gives each partition other replicas, one after another, so that each leader moves. */
async function reassign(
  { config, topic, random }: ClusterBench,
  replicasCount: 2 | 3,
): Promise<void> {
  await withAdmin(config, {}, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    await admin.alterPartitionReassignments({
      topics: [{
        topic,
        partitionAssignment: partitions.map(({ partitionId, leader }) => ({
          partition: partitionId,
          replicas: [
            ...random.shuffle([1, 2, 3].filter((id) => id !== leader)),
            leader,
          ].slice(0, replicasCount),
        })),
      }],
    });
    for (;;) {
      const { topics } = await admin.listPartitionReassignments({
        topics: [{
          topic,
          partitions: partitions.map((each) => each.partitionId),
        }],
      });
      if (topics.length === 0) return;
      await pause(100);
    }
  });
}

/** Kills a broker, and brings it back some seconds later. */
export async function crash(
  { engine, random }: ClusterBench,
  id: BrokerId,
): Promise<void> {
  await engine.kill(id);
  await pause(random.integer(0, 6_000));
  await engine.start(id);
  await pause(random.integer(500, 2_000));
}

async function restart({ engine }: ClusterBench, id: BrokerId): Promise<void> {
  await engine.stop(id);
  await engine.start(id);
}

type Trouble = (bench: ClusterBench) => Promise<void>;

const TROUBLES: Readonly<Record<string, Trouble>> = {
  "each broker is killed and brought back": async (bench) => {
    const { engine, random } = bench;
    for (const id of random.shuffle(engine.ids)) await crash(bench, id);
  },
  "the controller is killed three times": async (bench) => {
    for (let kill = 0; kill < 3; kill++) {
      await crash(bench, await bench.engine.controller());
    }
  },
  "each broker is suspended, one of them for a minute": async (bench) => {
    const { engine, random } = bench;
    const [first, ...others] = random.shuffle(engine.ids);
    for (
      const [id, ms] of [
        [first, 60_000],
        ...others.map((id) => [id, 8_000]),
      ] as [BrokerId, number][]
    ) {
      await engine.suspend(id);
      await pause(ms);
      await engine.resume(id);
      await pause(5_000);
    }
  },
  "each broker is cut off from its clients": async ({ engine, random }) => {
    for (const id of random.shuffle(engine.ids)) {
      engine.cutOff(id);
      await pause(random.integer(5_000, 40_000));
      engine.reconnect(id);
      await pause(5_000);
    }
  },
  "leaders move and replicas are reassigned": async (bench) => {
    for (let round = 0; round < 5; round++) {
      await reassign(bench, 2);
      await pause(1_000);
      await reassign(bench, 3);
      await pause(1_000);
    }
  },
  "brokers are restarted one after another": async (bench) => {
    for (const id of bench.engine.ids) await restart(bench, id);
  },
};

const SUBJECT =
  "produce --idempotent, consume and store lose and double nothing";

/** The tests. */
export const CLUSTER_FAULTS: readonly FaultTest<ClusterEngine>[] = [
  {
    name: `${SUBJECT} while leaders move and the controller is killed`,
    version: "short",
    fn: (bench) =>
      underLoad(bench, async () => {
        const { engine } = bench;
        await reassign(bench, 2);
        await reassign(bench, 3);
        const controller = await engine.controller();
        await engine.kill(controller);
        await engine.start(controller);
      }),
  },
  ...Object.entries(TROUBLES).map(([name, trouble]) => ({
    name: `${SUBJECT} while ${name}`,
    version: "long" as const,
    fn: (bench: ClusterBench) => underLoad(bench, () => trouble(bench)),
  })),
];
