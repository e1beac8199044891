/**
 * What a waiting consumer costs, and what long runs take of memory and processor.
 *
 * @module
 */

import type { Arena, ArenaTopic } from "./arena.ts";
import { Child } from "./child.ts";
import type { Contender } from "./contender.ts";
import { type Costs, CostWatch, processorSeconds } from "./processes.ts";
import { RUN_DEADLINE_MS } from "./throughput.ts";
import { Watching } from "./watching.ts";

/** After how long a consumer that has read everything counts as waiting, in milliseconds. */
const SETTLE_MS = 5_000;

/**
 * Lets consumers wait, all at the same time, as they are to do nothing.
 *
 * @param arena Where.
 * @param contenders Who.
 * @param topic A topic with an event.
 * @param seconds For how long they are watched.
 * @returns The percentage of a core that each takes.
 * @throws {Error} If one fails.
 */
export async function measureIdle(
  arena: Arena,
  contenders: readonly Contender[],
  topic: ArenaTopic,
  seconds: number,
): Promise<number[]> {
  await using consumers = new AsyncDisposableStack();
  const all = contenders.map((contender) =>
    consumers.use(new Watching(arena, contender, topic))
  );
  await Promise.all(all.map((watching) => watching.until(1)));
  await sleep(SETTLE_MS);
  const measure = () =>
    Promise.all(all.map(({ child }) => processorSeconds(child.pid)));
  const started = performance.now();
  const before = await measure();
  await sleep(seconds * 1_000);
  const after = await measure();
  const took = (performance.now() - started) / 1_000;
  return after.map((value, i) => (value - (before[i] ?? NaN)) / took * 100);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What is produced or consumed. */
export interface CostLoad extends ArenaTopic {
  /** Which of the two. */
  readonly do: "produce" | "consume";
  /** How many events. */
  readonly count: number;
  /** What a producer gets that reads standard input, piece by piece. */
  readonly input?: Iterable<string>;
}

/**
 * Lets a contender produce or consume, and watches what it takes.
 *
 * @param arena Where.
 * @param contender Who.
 * @param load What, and how much of it.
 * @returns What it took.
 * @throws {Error} If it fails.
 */
export async function measureCosts(
  arena: Arena,
  contender: Contender,
  { input, ...load }: CostLoad,
): Promise<Costs> {
  const group = `bench-${crypto.randomUUID()}`;
  const command = contender.command(arena.stage, { ...load, group });
  await using child = new Child(command);
  const watch = new CostWatch(child.pid);
  if (command.fed && input) {
    await ReadableStream.from(input).pipeThrough(new TextEncoderStream())
      .pipeTo(child.stdin);
  }
  const problem = await child.end(RUN_DEADLINE_MS);
  const costs = await watch.end();
  if (problem !== undefined) throw new Error(problem);
  return costs;
}
