/**
 * How a consumer of kafkajs takes what its fetches have brought.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

/** What a fetch has brought of a partition. */
interface Item {
  readonly batch: unknown;
  resolve(): void;
  reject(error: unknown): void;
}

interface WorkerOptions {
  readonly handler: (
    batch: unknown,
    metadata: { readonly workerId: number },
  ) => Promise<void>;
  readonly workerId: number;
}

/**
 * Makes kafkajs take each batch. Its own worker still counts as running in the moment after it has found nothing more: a batch that another
 * broker's fetch brings just then waits for the next one, and a consumer that stops waits for that batch for ever.
 */
export function patchWorker(kafkajs: OwnCopy): void {
  kafkajs.replace("src/consumer/worker.js", createWorker);
}

function createWorker({ handler, workerId }: WorkerOptions) {
  let isRunning = false;
  return {
    async run({ next }: { next(): Item | undefined }): Promise<void> {
      // The run before takes it.
      if (isRunning) return;
      isRunning = true;
      for (let item = next(); item; item = next()) {
        await handler(item.batch, { workerId }).then(item.resolve, item.reject);
      }
      isRunning = false;
    },
  };
}
