/**
 * How long an event takes from its making to the moment when it has been processed and shown.
 *
 * @module
 */

import { randomOrders } from "../../lib/events/order.ts";
import type { Arena } from "./arena.ts";
import { Child } from "./child.ts";
import type { Contender } from "./contender.ts";
import { percentile } from "./statistics.ts";
import { filledTopic } from "./throughput.ts";
import { Watching } from "./watching.ts";

/** How many events a second are sent. */
export const RATES = [1_000, 10_000] as const;
/** What is left out at the start, where programs warm up, in seconds. */
const WARM_UP_SECONDS = 1;

/** The percentiles that are taken. */
export const PERCENTILES = [50, 99, 99.9] as const;

/**
 * Lets a contender produce at a fixed rate and consume what it produces.
 *
 * @param arena Where.
 * @param contender Who.
 * @param load For how long, in seconds, and how many events a second.
 * @returns The milliseconds by {@linkcode PERCENTILES}, from the record's timestamp, which the client gives it as it takes the
 * event, to the consumer's line about it; and how many events a second it really was.
 * @throws {Error} If the run does not count, as an event is missing.
 */
export async function measureLatency(
  arena: Arena,
  contender: Contender,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): Promise<{ readonly percentiles: number[]; readonly rate: number }> {
  // The event that is there already shows when the consumer is ready.
  const topic = await filledTopic(arena, contender, 1);
  const count = rate * (seconds + WARM_UP_SECONDS);
  try {
    await using watching = new Watching(arena, contender, topic);
    await watching.until(1);
    const command = contender.command(arena.stage, {
      do: "produce",
      ...topic,
      group: "",
      count,
      rate,
    });
    await using producer = new Child(command);
    if (command.fed) await feed(producer, { count, rate });
    const problem = await producer.end((seconds + 60) * 1_000);
    if (problem !== undefined) throw new Error(problem);
    await watching.until(count + 1);
    const sightings = watching.sightings.slice(1 + rate * WARM_UP_SECONDS);
    const times = sightings.map(({ made, seen }) => seen - made);
    const made = sightings.map((sighting) => sighting.made);
    return {
      percentiles: PERCENTILES.map((percent) => percentile(times, percent)),
      rate: times.length / (percentile(made, 100) - Math.min(...made)) * 1_000,
    };
  } finally {
    await arena.removeTopic(topic);
  }
}

/** Writes orders to a program's standard input, one a line, at the rate. */
async function feed(
  child: Child,
  { count, rate }: { readonly count: number; readonly rate: number },
): Promise<void> {
  const orders = randomOrders();
  const encoder = new TextEncoder();
  const writer = child.stdin.getWriter();
  const started = performance.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(
      Math.ceil((performance.now() - started) / 1_000 * rate),
      count,
    );
    const lines: string[] = [];
    for (; sent < due; sent++) {
      lines.push(`${JSON.stringify(orders.next().value)}\n`);
    }
    if (lines.length > 0) await writer.write(encoder.encode(lines.join("")));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await writer.close();
}
