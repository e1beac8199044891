/**
 * A thread that counts where others count as well, in a way that loses counts unless it is alone.
 *
 * @module
 */

import { SharedRun } from "../../lib/workers/shared_run.ts";

globalThis.addEventListener("message", (event) => {
  const { memory, cell, times } = (event as MessageEvent).data;
  const run = new SharedRun(memory);
  const count = new Int32Array(cell);
  const numbers: number[] = [];
  for (let i = 0; i < times; i++) {
    run.alone(() => {
      const before = count[0] ?? 0;
      numbers.push(run.next());
      count[0] = before + 1;
    });
  }
  (globalThis as unknown as { postMessage(data: unknown): void })
    .postMessage(numbers);
});
