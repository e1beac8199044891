/**
 * Kafka or the registry away for a while: the tasks say so once, wait, and go on where they were.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Config } from "../../lib/settings/config.ts";
import { consume } from "../../lib/consume/consume.ts";
import { orders } from "../../lib/events/order.ts";
import { pause } from "../../lib/base/pause.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { frame } from "../../lib/events/wire_format.ts";
import { eventually } from "../support/eventually.ts";
import { groupState, memberIds } from "../support/groups.ts";
import type { PipelineTask } from "../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  type JsonRecord,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { Consumption } from "./support/consumption.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";
import { API } from "./support/kafka_proxy.ts";
import { removeDeadMembers } from "./support/leave_group.ts";
import { eventIdOf, placeOf, readLog, topicEnds } from "./support/topic_log.ts";
import { Traffic } from "./support/traffic.ts";
import { WatchedTask } from "./support/watched_task.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

function waitingFor({ brokers }: Config): string[] {
  return [
    `Waiting for Kafka at ${brokers.join(",")}...`,
    "No longer waiting for Kafka.",
  ];
}

/** A producer that says what it has delivered. */
function startProducer(
  { config, topic }: FaultBench,
  delivered: Map<string, string>,
): WatchedTask {
  return new WatchedTask(
    config,
    "produce",
    [`--topic=${topic}`, "--count=1000000", "--interval=5", "--json"],
    (line) => {
      const record: JsonRecord = JSON.parse(line);
      delivered.set(record.event.event_id, placeOf(record));
    },
  );
}

/** Counts what a producer delivered by its own account, and is not in the topic. */
async function countLost(
  { config, topic }: FaultBench,
  delivered: ReadonlyMap<string, string>,
): Promise<number> {
  const log = await readLog(config, topic);
  const places = new Map(
    log.map((message) => [placeOf(message), eventIdOf(message)]),
  );
  return [...delivered].filter(([id, place]) => places.get(place) !== id)
    .length;
}

/** Registers the orders' schema once more, with another text: its id is one that nobody has met. */
async function registerSecondSchema({ config, topic }: FaultBench) {
  const registry = await EventRegistry.connect(config);
  const schema = JSON.parse(orders.schemaText);
  return await registry.register(
    `${topic}-second-value`,
    JSON.stringify({ ...schema, description: `For ${topic}` }),
  );
}

/** Checks that every task that is told to wait no longer than 12 s gives up, and says why. */
async function checkGivingUp(bench: FaultBench): Promise<void> {
  const { config, topic } = bench;
  const tasks: PipelineTask[] = ["topic", "produce", "consume", "dlq"];
  const ends = await Promise.all(tasks.map(async (task) => {
    await using process = new WatchedTask(config, task, [
      `--topic=${topic}`,
      // Starting on a busy machine takes some of the time.
      "--timeout=12",
    ]);
    return await process.end();
  }));
  const waiting = `Waiting for Kafka at ${config.brokers.join(",")} (up to `;
  for (const { code, stderr } of ends) {
    assertEquals(code, 1);
    assert(stderr[0]?.startsWith(waiting), stderr.join("\n"));
    // The error, and two lines of advice.
    assertEquals(stderr.length, 4, stderr.join("\n"));
    assertMatch(stderr[1] ?? "", /Kafka can't be reached/);
  }
}

/** The tests. */
export const OUTAGES: readonly FaultTest[] = [
  {
    name:
      "tasks wait for Kafka when it is down at their start, and do their work when it is up",
    async fn(bench) {
      const { config, engine, topic, group, report } = bench;
      await makeTopic(bench);
      const [value = null] = await encodeOrders(bench, [makeOrder()]);
      await sendRaw(config, topic, [{ key: "charlie_davis", value }]);
      await engine.killBroker();
      await checkGivingUp(bench);
      const start = (task: PipelineTask, ...args: string[]) =>
        // The first one to wait waits for the last one too.
        new WatchedTask(config, task, [...args, "--timeout=180"]);
      const tasks = [
        start("topic", `--topic=${topic}-new`),
        start("produce", `--topic=${topic}`, "--count=1"),
        start("consume", `--topic=${topic}`, `--group=${group}`, "--count=2"),
        start("dlq", `--topic=${topic}`),
        start("peek", `--topic=${topic}`),
        start("group"),
      ];
      try {
        await Promise.all(tasks.map((task) => task.untilSaid("Waiting for ")));
        const started = Date.now();
        await engine.startBroker();
        const ends = await Promise.all(tasks.map((task) => task.end()));
        await report({
          tasks: tasks.length,
          recovery: `${Date.now() - started} ms`,
        });
        const waiting = `Waiting for Kafka at ${config.brokers.join(",")} (up`;
        for (const { code, stderr } of ends) {
          const [first = "", ...others] = stderr;
          assert(first.startsWith(waiting), first);
          // What peek says besides is how far it looked.
          const unexpected = others.filter((line) =>
            !line.includes("looked at")
          );
          assertEquals({ code, unexpected }, { code: 0, unexpected: [] });
        }
      } finally {
        await Promise.all(tasks.map((task) => task.kill()));
      }
    },
  },
  {
    name:
      "produce and consume carry on when the broker is restarted, and end within 10 s when it is not",
    async fn(bench) {
      const { config, engine, group, random, long, report } = bench;
      const outages = long ? 5 : 1;
      await makeTopic(bench);
      const delivered = new Map<string, string>();
      const consumption = new Consumption(bench);
      await using producer = startProducer(bench, delivered);
      await using consumer = consumption.start();
      let slowest = 0;
      for (let outage = 1; outage <= outages; outage++) {
        const before = consumption.distinct;
        await consumer.until("orders", () => consumption.distinct > before);
        const members = await memberIds(config, group);
        await pause(random.integer(0, 1_000));
        await engine.killBroker();
        await Promise.all([
          producer.untilSaid("Waiting for Kafka", outage),
          consumer.untilSaid("Waiting for Kafka", outage),
        ]);
        await engine.startBroker();
        const started = Date.now();
        const place = consumption.distinct;
        await consumer.until(
          "orders again",
          () => consumption.distinct > place,
        );
        // Another member would have waited until the session of the old one had run out.
        assertEquals(await memberIds(config, group), members);
        await producer.untilSaid("No longer", outage);
        slowest = Math.max(slowest, Date.now() - started);
      }
      await consumer.until(
        "what waited during the outage",
        () => consumption.distinct >= delivered.size - 100,
      );
      await engine.killBroker();
      await producer.untilSaid("Waiting for Kafka", outages + 1);
      producer.signal("SIGINT");
      consumer.signal("SIGINT");
      const [produced, consumed] = await Promise.all([
        producer.end(STOP_LIMIT_MS),
        consumer.end(STOP_LIMIT_MS),
      ]);
      await engine.startBroker();
      const lost = await countLost(bench, delivered);
      const open = await consumption.settle();
      if (!long) await removeDeadMembers(config, bench.group);
      await using rest = consumption.start(["--idle-exit=2"]);
      await rest.end();
      const unconsumed = await consumption.lost();
      await report({
        outages: outages + 1,
        acknowledged: delivered.size,
        consumed: consumption.distinct,
        duplicated: consumption.duplicated,
        "processed since the last commit": open,
        lost: lost + unconsumed,
        "slowest recovery": `${slowest} ms`,
        "stopped in": `${produced.tookMs} and ${consumed.tookMs} ms`,
      });
      const { strange } = consumption;
      assertEquals({ lost, unconsumed, strange }, {
        lost: 0,
        unconsumed: 0,
        strange: 0,
      });
      // Each outage is announced once, and nothing else is.
      const waits = Array.from(
        { length: outages + 1 },
        () => waitingFor(config),
      ).flat();
      const said = produced.stderr.filter((line) => !/elivered/.test(line));
      assertEquals(said.slice(0, 2 * outages + 1), waits.slice(0, -1));
      // A request may be under way when the stop ends the last wait: then the wait has no line for its end.
      assert(said.length <= waits.length, said.join("\n"));
      assertEquals(
        consumed.stderr.slice(0, 2 * outages),
        waits.slice(0, 2 * outages),
      );
      const { code: codeOfRest, stderr } = await rest.end();
      assertEquals({ code: codeOfRest, stderr }, { code: 0, stderr: [] });
    },
  },
  {
    name:
      "a consumer that is stopped while it comes back to its group leaves it, and keeps nothing open",
    async fn(bench) {
      const { config, engine, topic, group } = bench;
      await makeTopic(bench);
      const stop = new AbortController();
      const joined = Promise.withResolvers<void>();
      const consuming = consume(orders, () => {}, {
        config,
        topic,
        group,
        // Longer than is waited for the group to be empty.
        sessionTimeoutMs: 60_000,
        signal: stop.signal,
        assigned: () => joined.resolve(),
      });
      await Promise.race([consuming, joined.promise]);
      await engine.killBroker();
      const held = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      using _slow = engine.proxy.slow({
        api: API.joinGroup,
        clientId: "cafe-event-consumer",
        until() {
          held.resolve();
          return stopped.promise;
        },
      });
      await engine.startBroker();
      await Promise.race([consuming, held.promise]);
      stop.abort();
      stopped.resolve();
      await consuming;
      await eventually(
        "the group is empty",
        async () => await groupState(config, group) === "Empty",
      );
    },
  },
  {
    name:
      "consume holds what it can't look up while the registry is away, and produce goes on",
    async fn(bench) {
      const { config, topic, engine, long, report } = bench;
      const awayMs = long ? 10_000 : 1_000;
      await makeTopic(bench);
      const second = await registerSecondSchema(bench);
      await using traffic = await Traffic.open(bench);
      const delivered = new Map<string, string>();
      const consumption = new Consumption(bench);
      await using producer = startProducer(bench, delivered);
      await using consumer = consumption.start();
      await traffic.send(30);
      await consumer.until("orders", () => consumption.distinct > 30);
      await engine.killRegistry();
      const orders = Array.from(
        { length: 30 },
        () => frame(second, JSON.stringify(makeOrder())),
      );
      await sendRaw(
        config,
        topic,
        orders.map((value, n) => ({
          partition: n % 3,
          key: "charlie_davis",
          value: Buffer.from(value),
        })),
      );
      await consumer.untilSaid("Waiting for it...");
      const before = delivered.size;
      await using late = new WatchedTask(config, "produce", [
        `--topic=${topic}`,
        "--timeout=1",
      ]);
      assertEquals((await late.end()).code, 1);
      await pause(awayMs);
      const during = delivered.size - before;
      assert(during > 0, "nothing was delivered while the registry was away");
      const committed = await committedOffsets(bench);
      const started = Date.now();
      await engine.startRegistry();
      producer.signal("SIGTERM");
      const produced = await producer.end(STOP_LIMIT_MS);
      const all = Object.values(await topicEnds(config, topic))
        .reduce((sum, end) => sum + end, 0);
      await eventually(
        `all of ${all} orders are consumed`,
        () => consumption.distinct >= all,
      );
      const recovery = Date.now() - started;
      consumer.signal("SIGTERM");
      const consumed = await consumer.end(STOP_LIMIT_MS);
      const lost = await countLost(bench, delivered) +
        await consumption.lost();
      await report({
        acknowledged: delivered.size,
        "of these during the outage": during,
        consumed: consumption.distinct,
        duplicated: consumption.duplicated,
        lost,
        recovery: `${recovery} ms`,
      });
      assertEquals({ lost, duplicated: consumption.duplicated }, {
        lost: 0,
        duplicated: 0,
      });
      // In no partition was the first message that could not be looked up passed over.
      const firsts = new Map<number, number>();
      for (const { partition, offset, value } of await readLog(config, topic)) {
        if (firsts.has(partition) || value?.readInt32BE(1) !== second) continue;
        firsts.set(partition, Number(offset));
      }
      for (const [partition, offset] of firsts) {
        const position = committed[partition] ?? 0;
        assert(position <= offset, `${position} passed over ${offset}`);
      }
      assertEquals(firsts.size, 3);
      assertEquals([produced.code, produced.stderr.length], [0, 1]);
      assertMatch(
        produced.stderr[0] ?? "",
        /^Delivered .*; stopped before the rest\.$/,
      );
      assertEquals(consumed.code, 0);
      assertEquals(
        consumed.stderr.map((line) => /waiting for/i.test(line)),
        [true, true],
        consumed.stderr.join("\n"),
      );
    },
  },
];
