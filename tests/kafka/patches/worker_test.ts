/**
 * Batches that two fetches bring at the same time.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { loadKafkajsFile } from "../../../lib/kafka/patches/load.ts";

interface Queue {
  push(...batches: number[]): Promise<void>;
}

type Handler = (batch: number) => Promise<void>;

const file = <T>(name: string) =>
  loadKafkajsFile<(options: object) => T>(`src/consumer/${name}.js`);

Deno.test("patchWorker() takes a batch that comes in any moment after the one before it", async () => {
  const createWorker = await file("worker");
  const createQueue = await file<Queue>("workerQueue");
  for (let moment = 0; moment < 10; moment++) {
    const handled: number[] = [];
    const first = Promise.withResolvers<void>();
    const handler: Handler = async (batch) => {
      handled.push(batch);
      if (batch === 1) await first.promise;
    };
    const worker = createWorker({ handler, workerId: 0 });
    const queue = createQueue({ workers: [worker] });
    const pushed = queue.push(1);
    first.resolve();
    for (let tick = 0; tick < moment; tick++) await undefined;
    await Promise.all([pushed, queue.push(2)]);
    assertEquals(handled, [1, 2]);
  }
});

Deno.test("patchWorker() hands on what a batch throws, and takes the next one", async () => {
  const createWorker = await file("worker");
  const createQueue = await file<Queue>("workerQueue");
  const handled: number[] = [];
  const handler: Handler = (batch) => {
    handled.push(batch);
    return batch === 1 ? Promise.reject(new Error("No")) : Promise.resolve();
  };
  const worker = createWorker({ handler, workerId: 0 });
  const queue = createQueue({ workers: [worker] });
  const message = await queue.push(1, 2).catch((error) => error.message);
  assertEquals({ message, handled }, { message: "No", handled: [1, 2] });
});
