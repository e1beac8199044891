/**
 * Consumers that die, come and go: nothing is lost, and what comes twice is what was not committed.
 *
 * @module
 */

import { assert, assertEquals, fail } from "@std/assert";
import { pause } from "../../lib/base/pause.ts";
import { consume } from "../../lib/consume/consume.ts";
import { orders } from "../../lib/events/order.ts";
import { rangeAssigner } from "../../lib/kafka/assigner.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { ask, sumOf } from "../support/prometheus.ts";
import { createKafka } from "../support/kafkajs.ts";
import { memberIds } from "../support/groups.ts";
import { TaskProcess } from "../support/task_process.ts";
import { committedOffsets, makeTopic } from "../support/topics.ts";
import { Consumption } from "./support/consumption.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";
import { API, CORRELATION_AT } from "./support/kafka_proxy.ts";
import { removeDeadMembers } from "./support/leave_group.ts";
import { readCommits, topicEnds } from "./support/topic_log.ts";
import { Traffic } from "./support/traffic.ts";
import { WatchedTask } from "./support/watched_task.ts";
import { PATIENCE_MS, STOP_LIMIT_MS } from "../support/patience.ts";

/** Reads what is left with one more consumer, which has to end well. */
async function consumeRest(consumption: Consumption): Promise<void> {
  await using last = consumption.start(["--idle-exit=2"]);
  const { code, stderr } = await last.end();
  assertEquals({ code, stderr }, { code: 0, stderr: [] });
}

/** Leaves out what a member says that has nothing to do just now. */
function quiet(stderr: readonly string[], topic: string): string[] {
  const idle = `This consumer has no partition of '${topic}'`;
  return stderr.filter((line) =>
    !line.startsWith(idle) && !line.startsWith("Assigned partitions of ")
  );
}

async function checkCommittedToTheEnd(bench: FaultBench): Promise<void> {
  assertEquals(
    await committedOffsets(bench),
    await topicEnds(bench.config, bench.topic),
  );
}

/** The metric of messages that are consumed. */
const CONSUMED = "messaging_client_consumed_messages_total";
/** The protocol's code for a broker that is not the group's coordinator. */
const NOT_COORDINATOR = 16;
/** Where a heartbeat's answer has its error code: after its length, the request's id and the time of a throttle, of 4 bytes each. */
const HEARTBEAT_ERROR_AT = 12;

/** Joins a group as its leader, which it becomes as the first member, and stays until it is disposed of. It reads, and commits nothing. */
async function leadGroup(
  { config, topic, group }: FaultBench,
): Promise<AsyncDisposable> {
  const consumer = (await createKafka(config)).consumer({
    groupId: group,
    partitionAssigners: [rangeAssigner(await import("kafkajs"))],
    heartbeatInterval: 200,
  });
  const joined = new Promise((resolve) =>
    consumer.on(consumer.events.GROUP_JOIN, resolve)
  );
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
  await joined;
  return { [Symbol.asyncDispose]: () => consumer.disconnect() };
}

/** Finds the place of each order in the blocks that the consumer shows to a person. */
class BlockReader {
  readonly #consumption: Consumption;
  /** Whether the consumer has begun. */
  started = false;

  constructor(consumption: Consumption) {
    this.#consumption = consumption;
  }

  readonly read = (line: string): void => {
    if (line === "Press Ctrl+C to stop") this.started = true;
    const found = /Partition: (\d+) \| Offset: (\d+)$/.exec(line);
    if (!found) return;
    const [, partition, offset = ""] = found;
    this.#consumption.note({ partition: Number(partition), offset });
  };
}

/** The tests. */
export const CONSUMER_FAULTS: readonly FaultTest[] = [
  {
    name:
      "consume loses nothing and commits nothing unshown when its reader stops reading and it is stopped or killed",
    async fn(bench) {
      const { config, topic, group, random, long, report } = bench;
      const [rounds, stallMs, each] = long
        ? [6, 60_000, 20_000]
        : [2, 1_000, 5_000];
      await makeTopic(bench);
      await using traffic = await Traffic.open(bench);
      const consumption = new Consumption(bench);
      for (let round = 0; round < rounds; round++) {
        await traffic.send(each);
        const [port = 0] = freePorts(1);
        await using consumer = new TaskProcess(config, "consume", [
          `--topic=${topic}`,
          `--group=${group}`,
          "--json",
          `--metrics-port=${port}`,
        ], {
          unread: "stdout",
          deadlineMs: stallMs + PATIENCE_MS,
          reach: [`127.0.0.1:${port}`],
        });
        await eventually("an order is consumed", async () => {
          const text = (await ask(port, "/metrics"))?.body ?? "";
          return (sumOf(text, CONSUMED) ?? 0) > 0;
        });
        await pause(random.integer(0, stallMs));
        const stopped = round % 2 === 0;
        const signalled = Date.now();
        consumer.signal(stopped ? "SIGTERM" : "SIGKILL");
        const code = await consumer.exited;
        const tookMs = Date.now() - signalled;
        if (stopped) assertEquals(code, 0);
        assert(tookMs < STOP_LIMIT_MS, `It took ${tookMs} ms`);
        consumer.readAll();
        const { stdout } = await consumer.end();
        // The last line may be cut.
        for (const line of stdout.split("\n").slice(0, -1)) {
          consumption.note(JSON.parse(line));
        }
        await consumption.settle();
        if (!stopped && !long) await removeDeadMembers(config, group);
      }
      await consumeRest(consumption);
      const { duplicated, strange } = consumption;
      const lost = await consumption.lost();
      await report({ produced: traffic.sent, rounds, duplicated, lost });
      assertEquals({ lost, strange }, { lost: 0, strange: 0 });
      await checkCommittedToTheEnd(bench);
    },
  },
  {
    name:
      "consume loses nothing when it is killed, and repeats only what was not committed",
    async fn(bench) {
      const { config, group, random, long, report } = bench;
      const [kills, each] = [long ? 20 : 3, 1_000];
      await makeTopic(bench);
      await using traffic = await Traffic.open(bench);
      const consumption = new Consumption(bench);
      let open = 0;
      for (let kill = 0; kill < kills; kill++) {
        const before = consumption.distinct;
        await using consumer = consumption.start();
        // A part waits for the consumer, the rest comes while it is at work.
        const waiting = random.integer(1, each / 2);
        await traffic.send(waiting);
        await consumer.until("an order", () => consumption.distinct > before);
        const killed = new AbortController();
        const sending = traffic.trickle(each - waiting, {
          bit: random.integer(1, 50),
          everyMs: random.integer(0, 15),
          signal: killed.signal,
        });
        await pause(random.integer(0, 600));
        await consumer.kill();
        killed.abort();
        await sending;
        open += await consumption.settle();
        // The short version doesn't wait until Kafka finds out by itself.
        if (!long) await removeDeadMembers(config, group);
      }
      await traffic.send(kills * each - traffic.sent);
      await consumeRest(consumption);
      const { duplicated, strange, distinct } = consumption;
      const lost = await consumption.lost();
      await report({
        produced: traffic.sent,
        kills,
        consumed: distinct,
        duplicated,
        "processed since the last commits": open,
        lost,
      });
      assertEquals({ lost, strange, distinct }, {
        lost: 0,
        strange: 0,
        distinct: kills * each,
      });
      assert(duplicated <= open, `${duplicated} repeated, ${open} open`);
      await checkCommittedToTheEnd(bench);
    },
  },
  {
    name:
      "consume goes on after it was suspended for longer than a stall takes, and reads what waits for it",
    async fn(bench) {
      const { long, report } = bench;
      // The short version is suspended for longer than the group waits for it.
      const [suspendedMs, each] = [long ? 120_000 : 12_000, 500];
      await makeTopic(bench);
      await using traffic = await Traffic.open(bench);
      const consumption = new Consumption(bench);
      await traffic.send(each);
      await using consumer = consumption.start(["--idle-exit=8"]);
      await consumer.until(
        "its first events",
        () => consumption.lines === each,
      );
      consumer.signal("SIGSTOP");
      await traffic.send(each);
      await pause(suspendedMs);
      consumer.signal("SIGCONT");
      const { code, stderr } = await consumer.end();
      const { distinct, strange } = consumption;
      const lost = await consumption.lost();
      await report({ suspendedMs, consumed: distinct, lost });
      assertEquals({ code, lost, strange, distinct }, {
        code: 0,
        lost: 0,
        strange: 0,
        distinct: 2 * each,
      }, stderr.join("\n"));
      await checkCommittedToTheEnd(bench);
    },
  },
  {
    name:
      "consume notices connections that are dead before its session has run out, and loses and repeats nothing",
    async fn(bench) {
      const { engine, config, topic, group, long, report } = bench;
      const cuts = long ? 10 : 1;
      await makeTopic(bench);
      await using traffic = await Traffic.open(bench);
      const consumption = new Consumption(bench);
      const stop = new AbortController();
      const consuming = consume(orders, (record) => consumption.note(record), {
        config,
        topic,
        group,
        // Less than the 30 s for which kafkajs waits for an answer, and a lot of time for a slow machine.
        sessionTimeoutMs: 25_000,
        signal: stop.signal,
      });
      const shown = (count: number) =>
        eventually(`${count} orders`, () => consumption.lines >= count);
      let slowest = 0;
      try {
        await traffic.send(10);
        await shown(10);
        const members = await memberIds(config, group);
        for (let cut = 1; cut <= cuts; cut++) {
          const ends = await topicEnds(config, topic);
          await eventually(
            "commits",
            async () =>
              JSON.stringify(await committedOffsets(bench)) ===
                JSON.stringify(ends),
          );
          engine.proxy.silence("cafe-event-consumer");
          const started = Date.now();
          await traffic.send(10);
          await shown(10 * (cut + 1));
          slowest = Math.max(slowest, Date.now() - started);
          assertEquals(await memberIds(config, group), members);
        }
      } finally {
        stop.abort();
        await consuming;
      }
      const { distinct, duplicated } = consumption;
      const lost = await consumption.lost();
      await report({ cuts, consumed: distinct, duplicated, lost, slowest });
      assertEquals({ lost, duplicated }, { lost: 0, duplicated: 0 });
      await checkCommittedToTheEnd(bench);
    },
  },
  {
    name:
      "members that join and leave take partitions over long before a session has run out",
    async fn(bench) {
      const { config, topic, group, long, report } = bench;
      const changes = long ? 20 : 2;
      await makeTopic(bench, 2);
      const member = () => {
        const stop = new AbortController();
        const state = { partitions: [] as readonly number[] };
        const consuming = consume(orders, () => {}, {
          config,
          topic,
          group,
          // Longer than is waited for a change.
          sessionTimeoutMs: 2 * PATIENCE_MS,
          signal: stop.signal,
          assigned: (partitions) => state.partitions = partitions,
        });
        return {
          state,
          async [Symbol.asyncDispose]() {
            stop.abort();
            await consuming;
          },
        };
      };
      const took = async (counts: () => readonly number[], sum: string) => {
        const started = Date.now();
        await eventually(sum, () => counts().join("+") === sum);
        return Date.now() - started;
      };
      const joins: number[] = [];
      const leaves: number[] = [];
      await using first = member();
      const count = ({ state }: typeof first) => state.partitions.length;
      await took(() => [count(first)], "2");
      for (let change = 0; change < changes; change++) {
        const second = member();
        joins.push(await took(() => [first, second].map(count), "1+1"));
        const left = second[Symbol.asyncDispose]();
        leaves.push(await took(() => [count(first)], "2"));
        await left;
      }
      await report({
        joins: joins.length,
        "slowest join": `${Math.max(...joins)} ms`,
        "slowest leave": `${Math.max(...leaves)} ms`,
      });
    },
  },
  {
    name:
      "three consumers of a group lose nothing while members join and are killed",
    async fn(bench) {
      const { topic, random, long, report } = bench;
      const [seconds, stepMs] = [long ? 30 : 8, 2_000];
      await makeTopic(bench, 6);
      await using traffic = await Traffic.open(bench, 6);
      const consumption = new Consumption(bench);
      const members = Array.from({ length: 3 }, () => consumption.start());
      let kills = 0;
      let joins = 0;
      const stop = new AbortController();
      let sending = Promise.resolve();
      try {
        sending = traffic.trickle(Infinity, {
          bit: 12,
          everyMs: 20,
          signal: stop.signal,
        });
        for (let ms = stepMs; ms <= seconds * 1_000; ms += stepMs) {
          await pause(stepMs);
          // The short version kills once: Kafka takes 10 s to give a member up.
          if (members.length < 3 || !long && kills > 0) {
            let shown = 0;
            const member = consumption.start([], () => shown++);
            members.push(member);
            joins++;
            await member.until("its first order", () => shown > 0);
          } else {
            const [victim] = members.splice(random.integer(0, 3), 1);
            await victim?.kill();
            kills++;
          }
        }
        stop.abort();
        await sending;
        const all = traffic.sent;
        const started = Date.now();
        // What is still missing after that is lost, and counted below.
        while (
          consumption.distinct < all && Date.now() - started < PATIENCE_MS
        ) {
          const dead = members.find((member) => !member.running);
          if (dead) fail(`A member gave up: ${dead.stderr.join("\n")}`);
          await pause(50);
        }
        const recovery = Date.now() - started;
        for (const member of members) member.signal("SIGTERM");
        const ends = await Promise.all(
          members.map((one) => one.end(STOP_LIMIT_MS)),
        );
        // A stop amid a rebalance can't commit: what was processed since is delivered again.
        await consumeRest(consumption);
        const lost = await consumption.lost();
        await report({
          produced: all,
          kills,
          joins,
          consumed: consumption.distinct,
          duplicated: consumption.duplicated,
          lost,
          "caught up after": `${recovery} ms`,
        });
        assertEquals(lost, 0);
        for (const { code, stderr } of ends) {
          assertEquals({ code, stderr: quiet(stderr, topic) }, {
            code: 0,
            stderr: [],
          });
        }
        await checkCommittedToTheEnd(bench);
      } finally {
        stop.abort();
        await sending;
        await Promise.all(members.map((member) => member.kill()));
      }
    },
  },
  {
    name:
      "members that join repeat nothing that others have processed, though commits are slow",
    async fn(bench) {
      const { engine, topic, long, report } = bench;
      const [partitions, joins] = [6, long ? 4 : 2];
      await makeTopic(bench, partitions);
      await using traffic = await Traffic.open(bench, partitions);
      const consumption = new Consumption(bench);
      using _slow = engine.proxy.slow({
        api: API.offsetCommit,
        clientId: "cafe-event-consumer",
        until: () => pause(250),
      });
      await using members = new AsyncDisposableStack();
      const all: WatchedTask[] = [];
      const stop = new AbortController();
      let sending = Promise.resolve();
      try {
        for (let member = 0; member <= joins; member++) {
          let shown = 0;
          const task = members.use(consumption.start([], () => shown++));
          all.push(task);
          if (member === 0) {
            sending = traffic.trickle(Infinity, {
              bit: 6,
              everyMs: 5,
              signal: stop.signal,
            });
          }
          await task.until("its first orders", () => shown > 100);
        }
      } finally {
        stop.abort();
        await sending;
      }
      const deadline = Date.now() + PATIENCE_MS;
      while (consumption.distinct < traffic.sent && Date.now() < deadline) {
        await pause(50);
      }
      for (const task of all) task.signal("SIGTERM");
      const ends = await Promise.all(
        all.map((task) => task.end(STOP_LIMIT_MS)),
      );
      const { duplicated } = consumption;
      const lost = await consumption.lost();
      await report({ produced: traffic.sent, joins, duplicated, lost });
      assertEquals({ lost, duplicated }, { lost: 0, duplicated: 0 });
      for (const { code, stderr } of ends) {
        assertEquals({ code, stderr: quiet(stderr, topic) }, {
          code: 0,
          stderr: [],
        });
      }
      await checkCommittedToTheEnd(bench);
    },
  },
  {
    name:
      "consume commits its last order though the connection broke under the commit, and nothing comes after",
    async fn(bench) {
      const { engine, config, topic } = bench;
      await makeTopic(bench, 1);
      await using traffic = await Traffic.open(bench, 1);
      const consumption = new Consumption(bench);
      await using consumer = consumption.start();
      await traffic.send(1);
      await consumer.until("an order", () => consumption.distinct === 1);
      const deadline = Date.now() + PATIENCE_MS;
      const isCommitted = async (count: number) =>
        (await committedOffsets(bench))[0] === count;
      while (!await isCommitted(1) && Date.now() < deadline) await pause(50);
      const cut = engine.proxy.at({
        api: API.offsetCommit,
        clientId: "cafe-event-consumer",
        at: "request",
      }, () => Promise.resolve());
      await traffic.send(1);
      await cut;
      while (!await isCommitted(2) && Date.now() < deadline) await pause(50);
      assertEquals(
        await committedOffsets(bench),
        await topicEnds(config, topic),
      );
      consumer.signal("SIGTERM");
      const { code } = await consumer.end(STOP_LIMIT_MS);
      assertEquals({ code, distinct: consumption.distinct }, {
        code: 0,
        distinct: 2,
      });
    },
  },
  {
    name:
      "a commit that the broker gets after its connection has ended doesn't take the group back",
    async fn(bench) {
      const { engine, topic } = bench;
      await makeTopic(bench, 1);
      await using traffic = await Traffic.open(bench, 1);
      const consumption = new Consumption(bench);
      await using consumer = consumption.start();
      const stop = new AbortController();
      const sending = traffic.trickle(Infinity, {
        bit: 1,
        everyMs: 5,
        signal: stop.signal,
      });
      try {
        await engine.proxy.at({
          api: API.offsetCommit,
          clientId: "cafe-event-consumer",
          at: "request",
          skip: 20,
        }, async ({ close, pass }) => {
          close();
          // By then the consumer has connected again, and would have committed more.
          await pause(500);
          await pass();
        });
        const last = await readCommits(bench);
        await eventually(
          "commits after it",
          async () => (await readCommits(bench)).length > last.length + 10,
        );
      } finally {
        stop.abort();
        await sending;
      }
      const commits = await readCommits(bench);
      const offsets = commits.map(({ next }) => next);
      assertEquals(offsets, offsets.toSorted((a, b) => a - b), topic);
      consumer.signal("SIGTERM");
      assertEquals((await consumer.end(STOP_LIMIT_MS)).code, 0);
    },
  },
  {
    name:
      "a coordinator that doesn't know the last commits yet doesn't take the group back",
    async fn(bench) {
      const { engine, topic } = bench;
      await makeTopic(bench, 2);
      await using traffic = await Traffic.open(bench, 2);
      // The group's leader would begin a new generation, which no coordinator begins before it knows all.
      await using _leader = await leadGroup(bench);
      let oldOffsets: Uint8Array | undefined;
      let [isMoved, hasJoined, oldCount] = [false, false, 0];
      using _change = engine.proxy.change(({ api, clientId }, answer) => {
        if (clientId !== "cafe-event-consumer") return answer;
        const changed = answer.slice();
        if (api === API.joinGroup) hasJoined = isMoved;
        if (api === API.heartbeat && isMoved && !hasJoined) {
          new DataView(changed.buffer).setInt16(
            HEARTBEAT_ERROR_AT,
            NOT_COORDINATOR,
          );
        }
        if (api === API.offsetFetch) {
          oldOffsets ??= changed;
          // The loop asks, and kafkajs does.
          if (hasJoined && oldCount < 2) {
            oldCount++;
            const at = CORRELATION_AT + 4;
            changed.set(oldOffsets.subarray(at), at);
          }
        }
        return changed;
      });
      const consumption = new Consumption(bench);
      await using consumer = consumption.start();
      const committed = () =>
        eventually(
          "the commit of all orders",
          async () =>
            (await readCommits(bench)).at(-1)?.next === traffic.sent / 2,
        );
      await traffic.send(50);
      await committed();
      isMoved = true;
      await eventually("old answers", () => oldCount === 2);
      await traffic.send(50);
      await committed();
      const offsets = (await readCommits(bench)).map(({ next }) => next);
      assertEquals(offsets, offsets.toSorted((a, b) => a - b), topic);
      assertEquals(consumption.duplicated, 0);
      consumer.signal("SIGTERM");
      assertEquals((await consumer.end(STOP_LIMIT_MS)).code, 0);
    },
  },
  {
    name: "consume shows each order once over many runs that SIGTERM ends",
    async fn(bench) {
      const { config, topic, group, random, long, report } = bench;
      const runs = long ? 50 : 5;
      await makeTopic(bench);
      await using traffic = await Traffic.open(bench);
      const consumption = new Consumption(bench);
      const stop = new AbortController();
      const sending = traffic.trickle(Infinity, {
        bit: 3,
        everyMs: 5,
        signal: stop.signal,
      });
      let slowest = 0;
      try {
        for (let run = 0; run < runs; run++) {
          const reader = new BlockReader(consumption);
          await using consumer = new WatchedTask(
            config,
            "consume",
            [`--topic=${topic}`, `--group=${group}`],
            reader.read,
          );
          await consumer.until("the opening lines", () => reader.started);
          await pause(random.integer(0, 1_500));
          consumer.signal("SIGTERM");
          const { code, stderr, tookMs } = await consumer.end(STOP_LIMIT_MS);
          assertEquals({ code, stderr }, { code: 0, stderr: [] });
          slowest = Math.max(slowest, tookMs);
        }
      } finally {
        stop.abort();
        await sending;
      }
      await consumeRest(consumption);
      const { duplicated, distinct } = consumption;
      const lost = await consumption.lost();
      await report({
        produced: traffic.sent,
        stops: runs,
        consumed: distinct,
        duplicated,
        lost,
        "slowest stop": `${slowest} ms`,
      });
      assertEquals({ lost, duplicated, distinct }, {
        lost: 0,
        duplicated: 0,
        distinct: traffic.sent,
      });
      await checkCommittedToTheEnd(bench);
    },
  },
];
