/**
 * A source at a steady rate.
 *
 * @module
 */

import { pause } from "../../base/pause.ts";

/**
 * Slows a source down to a rate. Each item has its time, counted from the first one, so that delays don't add up: what a timer or an
 * outage made late is made up for.
 */
export async function* paced<T>(
  source: AsyncIterable<T>,
  options: {
    readonly rate: number;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<T, void, undefined> {
  const { rate, signal } = options;
  let startedAt = 0;
  let taken = 0;
  for await (const item of source) {
    const dueAt = startedAt + taken * 1_000 / rate;
    for (
      let waitMs = dueAt - performance.now();
      waitMs > 0 && taken > 0;
      waitMs = dueAt - performance.now()
    ) {
      await pause(Math.ceil(waitMs), signal);
      if (signal?.aborted) return;
    }
    yield item;
    // The first one takes longer: what is needed for all of them is made ready then.
    if (taken++ === 0) startedAt = performance.now();
  }
}
