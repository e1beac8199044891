/**
 * The producer while the broker dies: acknowledged minus what is in the topic is the empty set.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withoutDuration } from "../support/captured_output.ts";
import type { JsonRecord } from "../support/topics.ts";
import { makeTopic } from "../support/topics.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";
import { API, type Moment } from "./support/kafka_proxy.ts";
import { eventIdOf, placeOf, readLog } from "./support/topic_log.ts";
import { WatchedTask } from "./support/watched_task.ts";

/** The lines that an outage may leave. */
const WAITING =
  /^(Waiting for Kafka at \S+(: .+)?\.\.\.|No longer waiting for Kafka\.)$/;

/** When the broker is killed: before it got a batch, when it has the batch and nobody knows, or any time. */
type KillMoment = Moment["at"] | "any";

/** What a producer says that it delivered: by the order's id, the place. */
type Acknowledged = Map<string, string>;

class Run implements AsyncDisposable {
  readonly acknowledged: Acknowledged = new Map();
  readonly recoveries: number[] = [];
  readonly moments: KillMoment[] = [];
  readonly task: WatchedTask;
  readonly #bench: FaultBench;
  readonly #count: number;
  readonly #kills: number;

  constructor(
    bench: FaultBench,
    count: number,
    kills: number,
    ...flags: readonly string[]
  ) {
    this.#bench = bench;
    this.#count = count;
    this.#kills = kills;
    const args = [`--count=${count}`, "--interval=0", "--json", ...flags];
    this.task = new WatchedTask(
      bench.config,
      "produce",
      [`--topic=${bench.topic}`, ...args],
      (line) => {
        const record: JsonRecord = JSON.parse(line);
        this.acknowledged.set(record.event.event_id, placeOf(record));
      },
    );
  }

  /** Kills the broker when a part of the orders is acknowledged. */
  async kill(moment: KillMoment): Promise<void> {
    const { random, engine, long } = this.#bench;
    // A short run is a handful of requests: there it is one of the first.
    const [share, skip] = long
      ? [(this.moments.length + random.next()) / (this.#kills + 1), 0]
      : [0, random.integer(0, 6)];
    const reached = Math.floor(share * this.#count);
    await this.task.until(
      `${reached} acknowledged`,
      () => this.acknowledged.size >= reached,
    );
    this.moments.push(moment);
    if (moment === "any") return await engine.killBroker();
    const clientId = "cafe-event-producer";
    await this.task.while(
      `a produce ${moment}`,
      engine.proxy.at(
        { api: API.produce, clientId, at: moment, skip },
        () => engine.killBroker(),
      ),
    );
  }

  /** Starts the broker again, and measures until the first order goes through. */
  async recover(): Promise<void> {
    const started = Date.now();
    const before = this.acknowledged.size;
    await this.#bench.engine.startBroker();
    await this.task.until(
      "deliveries after the outage",
      () => this.acknowledged.size > before,
    );
    this.recoveries.push(Date.now() - started);
  }

  /** Holds what was acknowledged against what is in the topic. */
  async account() {
    const { config, topic } = this.#bench;
    const log = await readLog(config, topic);
    const places = new Map(
      log.map((message) => [placeOf(message), eventIdOf(message)]),
    );
    const logged = new Set(places.values());
    const lost = [...this.acknowledged]
      .filter(([id, place]) => places.get(place) !== id);
    return {
      lost: lost.length,
      duplicated: log.length - logged.size,
      logged,
    };
  }

  /** What is printed of every run. */
  get figures() {
    return {
      acknowledged: this.acknowledged.size,
      kills: this.moments.join("+"),
      "slowest recovery": `${Math.max(0, ...this.recoveries)} ms`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.task[Symbol.asyncDispose]();
  }
}

/** Moments of kills; an answer that nobody gets is always among them. */
function chooseMoments({ random }: FaultBench, kills: number): KillMoment[] {
  const chosen: KillMoment[] = kills > 0 ? ["answer"] : [];
  while (chosen.length < kills) {
    chosen.push(random.pick(["request", "answer", "any"]));
  }
  return random.shuffle(chosen);
}

/** The tests. */
export const PRODUCER_FAULTS: readonly FaultTest[] = [
  {
    name:
      "produce --idempotent loses and doubles nothing when the broker is killed",
    async fn(bench) {
      const [count, kills] = bench.long ? [100_000, 5] : [10_000, 1];
      await makeTopic(bench);
      await using run = new Run(bench, count, kills, "--idempotent");
      for (const moment of chooseMoments(bench, kills)) {
        await run.kill(moment);
        await run.recover();
      }
      const { code, stderr } = await run.task.end();
      const { lost, duplicated, logged } = await run.account();
      await bench.report({ ...run.figures, lost, duplicated });
      assertEquals({ lost, duplicated, code }, {
        lost: 0,
        duplicated: 0,
        code: 0,
      });
      assertEquals([run.acknowledged.size, logged.size], [count, count]);
      for (const line of stderr) assertMatch(line, WAITING);
    },
  },
  {
    name:
      "produce --acks 1 reports as delivered what is in the topic, and the rest as not delivered",
    async fn(bench) {
      const { long } = bench;
      const [count, kills] = long ? [100_000, 4] : [10_000, 1];
      await makeTopic(bench);
      await using run = new Run(
        bench,
        count,
        long ? kills + 1 : kills,
        "--acks=1",
      );
      for (const moment of chooseMoments(bench, kills)) {
        await run.kill(moment);
        await run.recover();
      }
      // Then the broker is gone for good, and a person loses patience.
      if (long) {
        await run.kill("request");
        run.task.signal("SIGINT");
      }
      const { code, stderr, tookMs } = await run.task.end(
        long ? 10_000 : undefined,
      );
      if (long) await bench.engine.startBroker();
      const { lost, duplicated, logged } = await run.account();
      const failed = new Set(
        stderr.flatMap((line) =>
          /^Not delivered: order (\S+):/.exec(line)?.[1] ?? []
        ),
      );
      await bench.report({
        ...run.figures,
        failed: failed.size,
        lost,
        duplicated,
        ...(long ? { "stopped in": `${tookMs} ms` } : {}),
      });
      assertEquals({ lost, code }, { lost: 0, code: long ? 1 : 0 });
      if (long) {
        assert(failed.size > 0, "nothing was under way when the broker died");
        assert(
          withoutDuration(stderr.at(-1) ?? "").replaceAll(",", "").startsWith(
            `Delivered ${run.acknowledged.size} of ${count} events; ${failed.size} not delivered`,
          ),
          stderr.at(-1),
        );
      } else assertEquals(run.acknowledged.size, count);
      // Every order has ended in one way and in one only.
      assertEquals(
        [...run.acknowledged.keys()].filter((id) => failed.has(id)),
        [],
      );
      assertEquals(
        [...logged].filter((id) =>
          !run.acknowledged.has(id) && !failed.has(id)
        ),
        [],
      );
    },
  },
];
