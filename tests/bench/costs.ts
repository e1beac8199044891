/**
 * What a waiting consumer costs, and how much memory long runs take.
 *
 * @module
 */

import type { Arena, ArenaTopic } from "./arena.ts";
import { Child } from "./child.ts";
import type { Contender } from "./contender.ts";
import { MemoryWatch, processorSeconds } from "./processes.ts";
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

/**
 * Lets a contender produce or consume, and watches its memory.
 *
 * @param arena Where.
 * @param contender Who.
 * @param what Which of the two.
 * @param load The topic, and how many events.
 * @returns The most resident memory it took, in MiB.
 * @throws {Error} If it fails.
 */
export async function measureMemory(
  arena: Arena,
  contender: Contender,
  what: "produce" | "consume",
  load: ArenaTopic & { readonly count: number },
): Promise<number> {
  const group = `bench-${crypto.randomUUID()}`;
  const command = contender.command(arena.stage, {
    do: what,
    ...load,
    group,
  });
  await using child = new Child(command);
  const memory = new MemoryWatch(child.pid);
  const problem = await child.end(RUN_DEADLINE_MS);
  const peak = await memory.peak();
  if (problem !== undefined) throw new Error(problem);
  return peak;
}
