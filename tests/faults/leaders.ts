/**
 * Partitions without a leader, as the only broker that has them is down: they wait, and everything else goes on.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withClient } from "../../lib/kafka/client.ts";
import { createTopic } from "../../lib/kafka/topic.ts";
import { resetGroup } from "../../lib/operate/groups.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { readDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { runTaskProcess } from "../support/task_process.ts";
import { encodeOrders, type JsonRecord, makeOrder } from "../support/topics.ts";
import { besideTest, type ClusterBench } from "./cluster.ts";
import type { ClusterEngine } from "./support/cluster_engine.ts";
import { Consumption } from "./support/consumption.ts";
import type { FaultTest } from "./support/fault_tests.ts";
import { WatchedTask } from "./support/watched_task.ts";

const PARTITIONS = [0, 1, 2, 3, 4, 5];

/** Sends an order to each partition. */
async function sendToAll(
  bench: ClusterBench,
  partitions: readonly number[],
): Promise<void> {
  const values = await encodeOrders(
    bench,
    partitions.map(() => makeOrder()),
  );
  const { config, topic } = bench;
  await withClient(config, {
    make: (kafka) => kafka.producer(),
  }, async (producer) => {
    for (const [n, partition] of partitions.entries()) {
      const message = { partition, key: "somebody", value: values[n] ?? null };
      await producer.send({ topic, messages: [message], acks: 1 });
    }
  });
}

/** The tests. */
export const LEADER_FAULTS: readonly FaultTest<ClusterEngine>[] = [{
  name:
    "partitions without a leader wait for it, and nobody waits for them: produce, consume, store, and all who look on",
  async fn(bench) {
    const { engine, config, topic, group, random } = bench;
    const partitions = PARTITIONS.length;
    const quiet = `${topic}-quiet`;
    for (const name of [topic, quiet]) {
      const topic = name;
      await createTopic(config, { topic, partitions, replicationFactor: 1 });
    }
    const leaders = await withAdmin(config, {}, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return new Map(
        topics[0]?.partitions.map((one) => [one.partitionId, one.leader]),
      );
    });
    const [victim = 1] = random.shuffle(engine.ids);
    const dark = PARTITIONS.filter((one) => leaders.get(one) === victim);
    const lit = PARTITIONS.filter((one) => !dark.includes(one));
    assertEquals([dark.length, lit.length], [2, 4]);
    await sendToAll(bench, PARTITIONS);
    await sendToAll({ ...bench, topic: quiet }, PARTITIONS);
    await resetGroup(config, {
      group: `${group}-quiet`,
      topic: quiet,
      to: { kind: "latest" },
      execute: true,
    });

    await using stack = new AsyncDisposableStack();
    const { database, databaseFlags } = besideTest(bench, stack);
    const stored = async () =>
      Number(
        (await readDatabase(database, "SELECT count(*) AS n FROM orders"))[0]
          ?.["n"],
      );
    const startStore = () =>
      stack.use(
        new WatchedTask(config, "store", [
          `--topic=${topic}`,
          `--group=${group}-store`,
          ...databaseFlags,
        ]),
      );
    const consumption = new Consumption(bench);
    // One has its partitions when the broker goes, the others come after that.
    const early = stack.use(consumption.start());
    await early.until("all", () => consumption.distinct === PARTITIONS.length);
    await engine.kill(victim);
    const without = `Partitions ${
      dark.join(", ")
    } of '${topic}' have no leader`;
    await early.untilSaid(without);
    await sendToAll(bench, lit);
    await early.until("the others", () => consumption.distinct === 10);
    const store = startStore();
    await store.untilSaid(without);
    await eventually("stored", async () => await stored() === 8);
    // The group has read everything, but this database has nothing, and no message comes that would show it.
    const other = besideTest(bench, stack);
    const refill = stack.use(
      new WatchedTask(config, "store", [
        `--topic=${quiet}`,
        `--group=${group}-quiet`,
        "--idle-exit=5",
        ...other.databaseFlags,
      ]),
    );

    await using dashboard = new TestDashboard({ config });
    const { body: all, status } = await dashboard.get("/api/topics");
    assertEquals(status, 200, JSON.stringify(all));
    const { body: shown } = await dashboard.get(`/api/topics/${topic}`);
    assertEquals(
      shown.partitions.map((one: { next: string | null }) => one.next),
      PARTITIONS.map((one) => dark.includes(one) ? null : "2"),
    );
    const groups = await runTaskProcess(config, "group", [
      "show",
      group,
      "--json",
    ]);
    assertEquals(groups.code, 0, groups.stderr);
    assertEquals(
      JSON.parse(groups.stdout).partitions
        .map((one: { end: string | null }) => one.end),
      PARTITIONS.map((one) => dark.includes(one) ? null : "2"),
    );
    const peek = (...flags: string[]) =>
      runTaskProcess(config, "peek", [`--topic=${topic}`, "--json", ...flags]);
    const refused = await peek("--timeout=1");
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, new RegExp(without));
    const peeked = await peek(`--partition=${lit[0]}`);
    assertEquals(peeked.code, 0, peeked.stderr);
    assertEquals(peeked.stdout.trim().split("\n").length, 2);

    // The waiting orders come with the broker, and a consumer that would end where nothing comes waits for them.
    early.signal("SIGTERM");
    assertEquals((await early.end()).code, 0);
    // A producer tries again every two seconds.
    const late = stack.use(consumption.start(["--idle-exit=5"]));
    await late.untilSaid(without);
    const fresh = { old: 0, made: 0 };
    const newest = stack.use(
      new WatchedTask(config, "consume", [
        `--topic=${topic}`,
        `--group=${group}-newest`,
        "--from=latest",
        "--json",
      ], (line) => {
        const { partition, offset }: JsonRecord = JSON.parse(line);
        const isOld = Number(offset) < (dark.includes(partition) ? 1 : 2);
        fresh[isOld ? "old" : "made"]++;
      }),
    );
    await newest.untilSaid(without);
    await refill.untilSaid(`of '${quiet}' ha`);
    const producer = stack.use(
      new WatchedTask(config, "produce", [
        `--topic=${topic}`,
        "--count=100",
        "--interval=0",
      ]),
    );
    await producer.untilSaid(" no leader...");
    assert(late.running, late.stderr.join("\n"));
    await engine.start(victim);
    const ends = [
      await producer.end(),
      await late.end(),
      await refill.end(),
    ];
    assertEquals(
      ends.map(({ code }) => code),
      [0, 0, 0],
      ends.flatMap(({ stderr }) => stderr).join("\n"),
    );
    assertEquals(await consumption.lost(), 0);
    await newest.until("all new ones", () => fresh.made === 100);
    assertEquals(fresh.old, 0);
    assertEquals(
      await readDatabase(other.database, "SELECT count(*) AS n FROM orders"),
      [{ n: partitions }],
    );
    await eventually("all stored", async () => await stored() === 110);
    store.signal("SIGTERM");
    assertEquals((await store.end()).code, 0, store.stderr.join("\n"));
  },
}];
