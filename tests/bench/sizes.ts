/**
 * How time and memory follow from the number of events, of partitions, and an event's size.
 *
 * @module
 */

import { orders } from "../../lib/events/order.ts";
import type { Arena, TopicOptions } from "./arena.ts";
import type { Contender } from "./contender.ts";
import { PIPELINE, taskCommand } from "./contenders.ts";
import { type CostLoad, measureCosts } from "./costs.ts";
import type { Costs } from "./processes.ts";

const MILLION = 1_000_000;
/** How many bytes the runs move that differ in an event's size. */
const SIZED_BYTES = 100 * MILLION;
/** How long a text is at least that is written at once. */
const PIECE_LENGTH = 65_536;
const SIZED_SCHEMA = "tests/bench/sized.schema.json";

/** What is produced, and consumed then. */
export interface Load {
  /** Its name in tables. */
  readonly title: string;
  /** How many events. */
  readonly count: number;
  /** How many partitions the topic has; the usual number by default. */
  readonly partitions?: number;
  /** How many bytes an event's JSON has; orders of about 190 by default. */
  readonly bytes?: number;
}

const number = (value: number) => value.toLocaleString("en");

/** Loads that differ in one thing each. */
export const LOADS: readonly Load[] = [
  ...[10, 1_000, 100_000, MILLION, 10 * MILLION].map((count) => ({
    title: `${number(count)} orders`,
    count,
  })),
  ...[1, 30, 300].map((partitions) => ({
    title: `${number(MILLION)} orders, partitions: ${partitions}`,
    count: MILLION,
    partitions,
  })),
  ...[100, 1_000, 10_000, 100_000, MILLION].map((bytes) => ({
    title: `${number(SIZED_BYTES / bytes)} events of ${number(bytes)} bytes`,
    count: SIZED_BYTES / bytes,
    bytes,
  })),
];

/** The tasks, with events that come by standard input. */
const SIZED: Contender = {
  ...PIPELINE,
  command: (stage, job) =>
    job.do !== "produce" ? PIPELINE.command(stage, job) : {
      ...taskCommand(stage, "produce", [
        `--topic=${job.topic}`,
        `--schema=${SIZED_SCHEMA}`,
        "--key-field=id",
        "--file=-",
        "--quiet",
      ]),
      fed: true,
    },
};

/** Makes the events' lines, many at a time: each piece is written by itself. */
function* sizedLines(count: number, bytes: number): Generator<string> {
  let lines = "";
  for (let id = 0; id < count; id++) {
    lines += `${`{"id":${id},"text":"`.padEnd(bytes - 2, "abcdefgh")}"}\n`;
    if (lines.length < PIECE_LENGTH) continue;
    yield lines;
    lines = "";
  }
  yield lines;
}

/**
 * Produces a load to a topic of its own, and consumes it.
 *
 * @param arena Where.
 * @param load What.
 * @returns What each of the two took.
 * @throws {Error} If one fails.
 */
export async function measureLoad(
  arena: Arena,
  { count, partitions, bytes }: Load,
): Promise<Record<"produce" | "consume", Costs>> {
  const options: TopicOptions = {
    ...(partitions !== undefined && { partitions }),
    schemaText: bytes === undefined
      ? orders.schemaText
      : await Deno.readTextFile(SIZED_SCHEMA),
  };
  const topic = await arena.makeTopic(options);
  try {
    const measure = (what: CostLoad["do"]) =>
      measureCosts(arena, bytes === undefined ? PIPELINE : SIZED, {
        ...topic,
        do: what,
        count,
        ...(bytes !== undefined && { input: sizedLines(count, bytes) }),
      });
    return {
      produce: await measure("produce"),
      consume: await measure("consume"),
    };
  } finally {
    await arena.removeTopic(topic);
  }
}
