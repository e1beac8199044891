/**
 * Messages that can't be read, and a broker that dies while they are put aside: none is lost.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { IHeaders } from "kafkajs";
import { pause } from "../../lib/base/pause.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { Consumption } from "./support/consumption.ts";
import { damagedMessages } from "./support/damage.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";

import { API, type Moment } from "./support/kafka_proxy.ts";
import { removeDeadMembers } from "./support/leave_group.ts";
import { readLog, topicEnds } from "./support/topic_log.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

/** A step of a letter's life, and who dies there. */
interface Step {
  readonly api: number;
  readonly at: Moment["at"];
  /** Whether the consumer is killed as well. */
  readonly both?: boolean;
}

/** Before the letters' topic exists, after that, before the letter is there, and when nobody knows that it is. */
const STEPS: readonly Step[] = [
  { api: API.createTopics, at: "request" },
  { api: API.createTopics, at: "answer" },
  { api: API.produce, at: "request" },
  { api: API.produce, at: "answer" },
  { api: API.produce, at: "request", both: true },
  { api: API.produce, at: "answer", both: true },
];

/** How long it is watched that nothing is committed while the letter is on its way, in milliseconds. */
const WATCH_MS = 300;

const BAD = Buffer.from("not an order");

/** Lets one step strike: two orders with a bad message between them. */
async function strike(
  bench: FaultBench,
  { api, at, both = false }: Step,
): Promise<{ readonly letters: number; readonly recovery: number }> {
  const { config, topic, engine, long } = bench;
  await makeTopic(bench, 1);
  const [first = null, last = null] = await encodeOrders(bench, [
    makeOrder(),
    makeOrder(),
  ]);
  const values = [first, BAD, last];
  await sendRaw(
    config,
    topic,
    values.map((value) => ({ partition: 0, key: "charlie_davis", value })),
  );
  const consumption = new Consumption(bench);
  await using consumer = consumption.start();
  await consumer.while(
    "the step",
    engine.proxy.at(
      { api, clientId: "cafe-event-consumer", at },
      async () => {
        await pause(WATCH_MS);
        const { 0: committed = 0 } = await committedOffsets(bench);
        await engine.killBroker();
        assert(committed <= 1, `committed ${committed} with no letter`);
      },
    ),
  );
  if (both) await consumer.kill();
  const started = Date.now();
  await engine.startBroker();
  // The short version doesn't wait until Kafka finds out by itself.
  if (both && !long) await removeDeadMembers(config, bench.group);
  await using next = both ? consumption.start() : undefined;
  const survivor = next ?? consumer;
  await survivor.until("the last order", () => consumption.distinct === 2);
  const recovery = Date.now() - started;
  survivor.signal("SIGTERM");
  const { code, stderr } = await survivor.end(STOP_LIMIT_MS);
  for (const line of stderr) {
    assertMatch(
      line,
      /^(Waiting for |No longer waiting for |Can't read message | {2}It is kept: |Consumed [12] events? )/,
    );
  }
  const letters = await readLog(config, `${topic}.dlq`);
  for (const { value } of letters) assertEquals(value, BAD);
  assertEquals({ code, committed: await committedOffsets(bench) }, {
    code: 0,
    committed: { 0: 3 },
  });
  return { letters: letters.length, recovery };
}

/** Puts headers so that they can be compared: kafkajs adds to a header what every object has under its name. */
function plainHeaders(headers: IHeaders | undefined): [string, string[]][] {
  return Object.entries(headers ?? {})
    .filter(([name]) =>
      !/^(__connect\.errors\.|cafe\.(attempts|group|time)$)/.test(name)
    )
    .map(([name, value]) => [
      name,
      [value].flat().filter((one) => one instanceof Uint8Array)
        .map((one) => Buffer.from(one).toString("hex")),
    ]);
}

/** The tests. */
export const DEAD_LETTER_FAULTS: readonly FaultTest[] = [
  {
    name:
      "consume keeps a bad message when the broker is killed at any step of that",
    async fn(bench) {
      const { random, long, topic, group, report } = bench;
      const steps = long ? STEPS : [random.pick(STEPS)];
      let written = 0;
      let lost = 0;
      let slowest = 0;
      for (const [n, step] of steps.entries()) {
        const { letters, recovery } = await strike(
          { ...bench, topic: `${topic}-${n}`, group: `${group}-${n}` },
          step,
        );
        written += letters;
        if (letters === 0) lost++;
        slowest = Math.max(slowest, recovery);
      }
      await report({
        kills: steps.map(({ api, at, both }) =>
          `${api === API.produce ? "letter" : "topic"} ${at}${
            both ? " with the consumer" : ""
          }`
        ).join(" + "),
        "bad messages": steps.length,
        letters: written,
        duplicated: written - steps.length,
        lost,
        "slowest recovery": `${slowest} ms`,
      });
      assertEquals(lost, 0);
    },
  },
  {
    name:
      "consume handles every good message of a mixed corpus and keeps the rest byte for byte",
    async fn(bench) {
      const { config, topic, random, report } = bench;
      await makeTopic(bench);
      const good = await encodeOrders(
        bench,
        Array.from({ length: 500 }, () => makeOrder()),
      );
      const id = good[0]?.readInt32BE(1) ?? 0;
      const damaged = damagedMessages(id, random);
      const tombstones = 5;
      const corpus = random.shuffle([
        ...damaged,
        ...good.map((value) => ({ key: "charlie_davis", value })),
        ...Array.from(
          { length: tombstones },
          () => ({ key: "charlie_davis", value: null }),
        ),
      ]).map((message, n) => ({ ...message, partition: n % 3 }));
      // One request each for the large ones, which would not fit in one together.
      const large = corpus.filter(({ value }) => (value?.length ?? 0) > 10_000);
      const small = corpus.filter((message) => !large.includes(message));
      const half = Math.floor(small.length / 2);
      await sendRaw(config, topic, small.slice(0, half));
      for (const message of large) await sendRaw(config, topic, [message]);
      await sendRaw(config, topic, small.slice(half));
      const consumption = new Consumption(bench);
      const started = Date.now();
      await using consumer = consumption.start(["--idle-exit=3"]);
      const { code, stderr } = await consumer.end();
      const took = Date.now() - started;
      const letters = await readLog(config, `${topic}.dlq`);
      const sent = new Map(damaged.map((one) => [one.timestamp, one]));
      const kept = new Set(letters.map(({ timestamp }) => timestamp));
      await report({
        good: good.length,
        consumed: consumption.distinct,
        damaged: damaged.length,
        letters: letters.length,
        duplicated: consumption.duplicated + letters.length - kept.size,
        lost: damaged.length - kept.size + good.length - consumption.distinct,
        took: `${took} ms`,
      });
      assertEquals(code, 0);
      assert(damaged.length >= 500);
      assertEquals(
        [consumption.lines, consumption.distinct],
        [good.length, good.length],
      );
      assertEquals(
        [letters.length, kept.size],
        [damaged.length, damaged.length],
      );
      for (const { key, value, headers, timestamp } of letters) {
        const original = sent.get(timestamp);
        assert(original, `A letter that nobody sent: ${timestamp}`);
        const { key: itsKey, value: itsValue } = original;
        assert(
          key === itsKey || key && itsKey && itsKey.equals(key),
          `key of ${timestamp}`,
        );
        assert(value && itsValue.equals(value), `value of ${timestamp}`);
        assertEquals(plainHeaders(headers), plainHeaders(original.headers));
      }
      const said = stderr.join("\n");
      assertEquals(said.match(/^Tombstone: /gm)?.length, tombstones);
      assertStringIncludes(said, "Can't read message");
      assertEquals(
        await committedOffsets(bench),
        await topicEnds(config, topic),
      );
    },
  },
];
