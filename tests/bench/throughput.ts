/**
 * Events a second: produced and acknowledged, or consumed and committed, by the broker's own clock.
 *
 * @module
 */

import type { Arena, ArenaTopic } from "./arena.ts";
import { Child } from "./child.ts";
import type { Contender } from "./contender.ts";

/** What a run gives: a measurement, or why it does not count. */
export type Outcome =
  | { readonly value: number; readonly reason?: never }
  | { readonly value?: never; readonly reason: string };

/** How long a run may take, in milliseconds. */
export const RUN_DEADLINE_MS = 600_000;

const sum = (numbers: readonly number[]) =>
  numbers.reduce((total, each) => total + each, 0);

/**
 * Lets a contender produce to a fresh topic.
 *
 * @param arena Where.
 * @param contender Who.
 * @param count How many events.
 * @returns Events a second: from the moment when the first was made to the one when the broker took the last. The run counts
 * only if the topic has so many, no more and no less.
 */
export async function measureProduce(
  arena: Arena,
  contender: Contender,
  count: number,
): Promise<Outcome> {
  const topic = await arena.makeTopic({ timestamps: "LogAppendTime" });
  try {
    const command = contender.command(arena.stage, {
      do: "produce",
      ...topic,
      group: "",
      count,
    });
    await using child = new Child(command);
    const problem = await child.end(RUN_DEADLINE_MS);
    if (problem !== undefined) return { reason: problem };
    const stored = sum(await arena.endsOf(topic));
    if (stored !== count) {
      return { reason: `the topic has ${stored} events instead of ${count}` };
    }
    const { from, to, count: logged } = await arena.fillingOf(topic);
    if (logged !== count) {
      return { reason: `the log has ${logged} events instead of ${count}` };
    }
    return { value: count / (to - from) * 1_000 };
  } finally {
    await arena.removeTopic(topic);
  }
}

/**
 * Lets a contender consume a topic from its start, in a fresh group.
 *
 * @param arena Where.
 * @param contender Who.
 * @param topic The topic.
 * @param count How many events it has.
 * @returns Events a second: from the moment when the group had its partitions to the one when the broker took the last commit.
 * The run counts only if the group has committed the very end of each partition.
 */
export async function measureConsume(
  arena: Arena,
  contender: Contender,
  topic: ArenaTopic,
  count: number,
): Promise<Outcome> {
  const group = `bench-${crypto.randomUUID()}`;
  const command = contender.command(arena.stage, {
    do: "consume",
    ...topic,
    group,
    count,
  });
  await using child = new Child(command);
  const problem = await child.end(RUN_DEADLINE_MS);
  if (problem !== undefined) return { reason: problem };
  const processed = Number(contender.processed?.exec(child.output)?.[1]);
  if (processed !== count) {
    return { reason: `it says ${processed} processed instead of ${count}` };
  }
  const ends = await arena.endsOf(topic);
  const committed = await arena.committedOf(topic, group);
  if (String(committed) !== String(ends)) {
    return { reason: `it committed ${committed} where the ends are ${ends}` };
  }
  const window = await arena.workOf(group);
  if (!window) return { reason: "the log has no work of this group" };
  return { value: count / (window.to - window.from) * 1_000 };
}

/**
 * Makes a topic with events, for the consumers.
 *
 * @param arena Where.
 * @param producer Who fills it.
 * @param count How many events.
 * @returns The topic.
 * @throws {Error} If it can't be filled.
 */
export async function filledTopic(
  arena: Arena,
  producer: Contender,
  count: number,
): Promise<ArenaTopic> {
  const topic = await arena.makeTopic();
  const command = producer.command(arena.stage, {
    do: "produce",
    ...topic,
    group: "",
    count,
  });
  await using child = new Child(command);
  const problem = await child.end(RUN_DEADLINE_MS);
  const stored = sum(await arena.endsOf(topic));
  if (problem === undefined && stored === count) return topic;
  throw new Error(
    `Could not fill a topic with ${count} events: ${
      problem ?? `it has ${stored}`
    }`,
  );
}
