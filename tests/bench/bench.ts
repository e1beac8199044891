/**
 * The benchmark: every contender, in turns, on an engine of its own.
 *
 * @module
 */

import { chooseEngine } from "../../lib/engine/choose.ts";
import { messageOf } from "../../lib/base/errors.ts";
import { whyNoPostgres } from "../support/postgres_server.ts";
import { Arena } from "./arena.ts";
import type { Contender, MeasureId } from "./contender.ts";
import { CONTENDER_IDS, gather, type LeftOut, PIPELINE } from "./contenders.ts";
import { measureCosts, measureIdle } from "./costs.ts";
import { measureLatency, PERCENTILES, RATES } from "./latency.ts";
import { describeMachine } from "./machine.ts";
import { whyNoCosts } from "./processes.ts";
import { BenchProgress } from "./progress.ts";
import { Collector, type Results, type Table } from "./results.ts";
import { consumeStart, type Start, TASK_STARTS } from "./startup.ts";
import { LOADS, measureLoad } from "./sizes.ts";
import { STORE_TITLES, Stores } from "./stores.ts";
import { filledTopic, measureConsume, measureProduce } from "./throughput.ts";

/** What is measured, and how thoroughly. */
export interface BenchOptions {
  /** How many rounds; in each, every contender has its turn. */
  readonly rounds: number;
  /** How many events a fast contender is given in each round. */
  readonly events: number;
  /** For how many seconds the latency is measured in each round; the idle time for twice as long. */
  readonly seconds: number;
  /** How many events the shorter run takes of which the memory is measured; the longer one takes five times as many. */
  readonly memoryEvents: number;
  /** What is measured. */
  readonly measures: ReadonlySet<MeasureId>;
  /** The contenders' names; all by default. */
  readonly only?: ReadonlySet<string>;
}

/** A measurement to take. */
interface Run {
  readonly what: string;
  readonly take: () => Promise<string>;
}

const LONG_RUN = 5;
/** What is looked at in turn where the costs are measured. */
const KINDS = ["produce", "consume"] as const;

class Bench {
  readonly #arena: Arena;
  readonly #options: BenchOptions;
  readonly #collector: Collector;
  readonly #stores: Stores | undefined;

  constructor(
    arena: Arena,
    options: BenchOptions & { readonly stores: Stores | undefined },
    collector: Collector,
  ) {
    this.#arena = arena;
    this.#options = options;
    this.#collector = collector;
    this.#stores = options.stores;
  }

  /** Lists the runs, in turns. */
  plan(contenders: readonly Contender[]): Run[] {
    const { measures, rounds } = this.#options;
    const plans = {
      produce: (all: readonly Contender[]) => this.#planProduce(all),
      consume: (all: readonly Contender[]) => this.#planConsume(all),
      store: () => this.#planStore(),
      latency: (all: readonly Contender[]) => this.#planLatency(all),
      startup: (all: readonly Contender[]) => this.#planStartup(all),
      idle: (all: readonly Contender[]) => this.#planIdle(all),
      memory: (all: readonly Contender[]) => this.#planMemory(all),
      size: () => this.#planSize(),
    };
    return [...measures].flatMap((measure) => {
      const all = contenders.filter((each) => each.measures.has(measure));
      if (all.length === 0) return [];
      const turns = plans[measure](all);
      // Over millions of events it is the same every time.
      const times = measure === "memory" || measure === "size" ? 1 : rounds;
      return Array.from(
        { length: times },
        (_, round) =>
          turns.map(({ what, take }) => ({
            what: `${measure}, round ${round + 1} of ${times}: ${what}`,
            take,
          })),
      ).flat();
    });
  }

  #begin(
    table: Omit<Table, "rows">,
    rows: readonly { readonly title: string }[],
  ): void {
    this.#collector.begin(table, rows.map(({ title }) => title));
  }

  #countOf({ share }: Contender): number {
    return Math.max(1, Math.round(this.#options.events * share));
  }

  #planProduce(all: readonly Contender[]): Run[] {
    this.#begin({
      id: "produce",
      title: "Produce: generated, checked, encoded, acknowledged (acks 1)",
      unit: "events/s",
      decimals: 0,
    }, all);
    return all.map((contender) => ({
      what: contender.title,
      take: async () => {
        const count = this.#countOf(contender);
        const outcome = await measureProduce(this.#arena, contender, count);
        return this.#rate("produce", contender, outcome);
      },
    }));
  }

  #planConsume(all: readonly Contender[]): Run[] {
    this.#begin({
      id: "consume",
      title:
        "Consume: decoded, checked, processed, committed (Python: each 1,000, or each message)",
      unit: "events/s",
      decimals: 0,
    }, all);
    const topics = new Map<number, ReturnType<typeof filledTopic>>();
    return all.map((contender) => ({
      what: contender.title,
      take: async () => {
        const count = this.#countOf(contender);
        const filling = topics.get(count) ??
          filledTopic(this.#arena, PIPELINE, count);
        topics.set(count, filling);
        const outcome = await measureConsume(
          this.#arena,
          contender,
          await filling,
          count,
        );
        return this.#rate("consume", contender, outcome);
      },
    }));
  }

  #planStore(): Run[] {
    const count = this.#options.events;
    let topic: ReturnType<typeof filledTopic> | undefined;
    return (this.#stores?.kinds ?? []).flatMap((kind) => {
      const { name, makeDatabase, contenders } = kind;
      const id = `store-${name}`;
      this.#begin({
        id,
        title:
          `Store in ${name}: decoded, checked, written, committed (the script: no aggregates, and offsets in Kafka alone)`,
        unit: "events/s",
        decimals: 0,
      }, STORE_TITLES.map((title) => ({ title })));
      return contenders.map((contender, at) => ({
        what: `${STORE_TITLES[at]}, ${name}`,
        take: async () => {
          topic ??= filledTopic(this.#arena, PIPELINE, count);
          await using database = await makeDatabase();
          const who = contender(database);
          const outcome = await measureConsume(
            this.#arena,
            who,
            await topic,
            count,
          );
          return this.#rate(id, who, outcome);
        },
      }));
    });
  }

  #rate(
    id: string,
    { title }: Contender,
    { value, reason }: { readonly value?: number; readonly reason?: string },
  ): string {
    if (value === undefined) throw new Error(reason);
    this.#collector.add(id, title, value);
    return `${Math.round(value).toLocaleString("en")} events/s`;
  }

  #planLatency(all: readonly Contender[]): Run[] {
    return RATES.flatMap((wanted) => {
      const perSecond = `${wanted.toLocaleString("en")} events/s`;
      const idOf = (percent: number) => `latency-p${percent}-at-${wanted}`;
      for (const percent of PERCENTILES) {
        this.#begin({
          id: idOf(percent),
          title: `Latency from made to processed, p${percent}, at ${perSecond}`,
          unit: "ms",
          decimals: 1,
        }, all);
      }
      return all.map((contender) => ({
        what: `${contender.title} at ${perSecond}`,
        take: async () => {
          const { percentiles, rate } = await measureLatency(
            this.#arena,
            contender,
            { seconds: this.#options.seconds, rate: wanted },
          );
          if (Math.abs(rate - wanted) > wanted * 0.05) {
            throw new Error(
              `it was ${Math.round(rate)} events a second instead of ${wanted}`,
            );
          }
          for (const [i, percent] of PERCENTILES.entries()) {
            this.#collector.add(
              idOf(percent),
              contender.title,
              percentiles[i] ?? NaN,
            );
          }
          return percentiles.map((ms) => `${ms.toFixed(1)} ms`).join(", ");
        },
      }));
    });
  }

  #planStartup(all: readonly Contender[]): Run[] {
    const starts: readonly Start[] = [
      ...all.includes(PIPELINE) ? TASK_STARTS : [],
      ...all.map(consumeStart),
    ];
    this.#begin(
      {
        id: "startup",
        title: "Start, as the user waits for it",
        unit: "ms",
        decimals: 0,
      },
      starts,
    );
    let topic: ReturnType<typeof filledTopic> | undefined;
    return starts.map((start) => ({
      what: start.title,
      take: async () => {
        topic ??= filledTopic(this.#arena, PIPELINE, 1);
        const ms = await start.measure(this.#arena, await topic);
        this.#collector.add("startup", start.title, ms);
        return `${Math.round(ms)} ms`;
      },
    }));
  }

  #planIdle(all: readonly Contender[]): Run[] {
    this.#begin({
      id: "idle",
      title: "A consumer that waits",
      unit: "% of a core",
      decimals: 2,
    }, all);
    return [{
      what: all.map(({ title }) => title).join(", "),
      take: async () => {
        const topic = await filledTopic(this.#arena, PIPELINE, 1);
        const shares = await measureIdle(
          this.#arena,
          all,
          topic,
          2 * this.#options.seconds,
        );
        for (const [i, { title }] of all.entries()) {
          this.#collector.add("idle", title, shares[i] ?? NaN);
        }
        return shares.map((share) => `${share.toFixed(2)} %`).join(", ");
      },
    }];
  }

  #planMemory(all: readonly Contender[]): Run[] {
    const { memoryEvents } = this.#options;
    const runs = all.flatMap((contender) =>
      [memoryEvents, memoryEvents * LONG_RUN].map((most) => {
        const count = Math.round(most * contender.share);
        const title = `${contender.title}: ${
          count.toLocaleString("en")
        } events`;
        return { contender, count, title };
      })
    );
    for (const kind of KINDS) {
      this.#begin({
        id: `memory-${kind}`,
        title: `Highest resident memory, ${kind}`,
        unit: "MiB",
        decimals: 0,
      }, runs);
      this.#begin({
        id: `processor-${kind}`,
        title:
          `Processor time for a million events, the start included, ${kind}`,
        unit: "s",
        decimals: 2,
      }, runs);
    }
    return runs.map(({ contender, count, title }) => ({
      what: title,
      take: async () => {
        const topic = await this.#arena.makeTopic();
        const told: string[] = [];
        for (const kind of KINDS) {
          const { mebibytes, seconds } = await measureCosts(
            this.#arena,
            contender,
            { do: kind, ...topic, count },
          );
          const perMillion = seconds / count * 1_000_000;
          this.#collector.add(`memory-${kind}`, title, mebibytes);
          this.#collector.add(`processor-${kind}`, title, perMillion);
          told.push(
            `${kind} ${Math.round(mebibytes)} MiB, ${seconds.toFixed(1)} s`,
          );
        }
        await this.#arena.removeTopic(topic);
        return told.join(", ");
      },
    }));
  }

  #planSize(): Run[] {
    for (const kind of KINDS) {
      this.#begin({
        id: `size-time-${kind}`,
        title: `How long it takes, the start included, ${kind}`,
        unit: "s",
        decimals: 2,
      }, LOADS);
      this.#begin({
        id: `size-memory-${kind}`,
        title: `Highest resident memory, ${kind}`,
        unit: "MiB",
        decimals: 0,
      }, LOADS);
    }
    return LOADS.map((load) => ({
      what: load.title,
      take: async () => {
        const costs = await measureLoad(this.#arena, load);
        return KINDS.map((kind) => {
          const { elapsedSeconds, mebibytes } = costs[kind];
          this.#collector.add(`size-time-${kind}`, load.title, elapsedSeconds);
          this.#collector.add(`size-memory-${kind}`, load.title, mebibytes);
          return `${kind} ${elapsedSeconds.toFixed(2)} s, ${
            Math.round(mebibytes)
          } MiB`;
        }).join(", ");
      },
    }));
  }
}

/** The most events that the broker gets used to before anything is measured. */
const WARM_UP_EVENTS = 100_000;

/** Gives the broker's compiler the time that it would take from whoever comes first. */
async function warmUp(arena: Arena, events: number): Promise<void> {
  console.error("Warming up...");
  const count = Math.min(events, WARM_UP_EVENTS);
  const topic = await filledTopic(arena, PIPELINE, count);
  await measureConsume(arena, PIPELINE, topic, count);
  await arena.removeTopic(topic);
}

/**
 * Runs the benchmark. Progress is shown on standard error.
 *
 * @param options What is measured, and how thoroughly.
 * @returns What was found out.
 * @throws {PipelineError} If this machine can't run the engine.
 */
export async function runBench(options: BenchOptions): Promise<Results> {
  await chooseEngine("local");
  const { contenders, leftOut } = await gather(
    options.only ?? new Set(CONTENDER_IDS),
  );
  const unmeasured: LeftOut[] = [];
  const measures = new Set(options.measures);
  const noCosts = await whyNoCosts();
  for (const measure of ["idle", "memory"] as const) {
    if (noCosts === undefined || !measures.delete(measure)) continue;
    unmeasured.push({ title: measure, reason: noCosts });
  }
  if (measures.has("store") && whyNoPostgres) {
    unmeasured.push({ title: "store in PostgreSQL", reason: whyNoPostgres });
  }
  await using arena = await Arena.open(console.error);
  await warmUp(arena, options.events);
  const collector = new Collector();
  await using stores = measures.has("store") ? await Stores.open() : undefined;
  const runs = new Bench(arena, { ...options, measures, stores }, collector)
    .plan(contenders);
  const progress = new BenchProgress(runs.length);
  for (const { what, take } of runs) {
    progress.begin(what);
    try {
      progress.end(`${what}: ${await take()}`);
    } catch (error) {
      const reason = messageOf(error);
      collector.voids.push({ what, reason });
      progress.end(what);
      progress.tell(`Does not count: ${what}: ${reason}`);
    }
  }
  progress.close();
  return {
    machine: await describeMachine(),
    tables: collector.tables,
    leftOut: [...leftOut, ...unmeasured],
    voids: collector.voids,
  };
}
