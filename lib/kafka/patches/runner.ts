/**
 * A fix of the end of a consumer of kafkajs that is just joining its group.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

interface Runner {
  onCrash(error: unknown): unknown;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes kafkajs wait for a consumer to have joined its group, or failed to, before it stops it.
 *
 * It takes such a consumer as one that doesn't run, and stops nothing: after it has joined it reads on, and keeps its partitions.
 */
export function patchRunner(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: Runner }>(
    "src/consumer/runner.js",
  );
  const { start, stop } = prototype;
  const started = new WeakMap<Runner, Promise<void>>();
  prototype.start = function () {
    const { promise, resolve } = Promise.withResolvers<void>();
    started.set(this, promise);
    const { onCrash } = this;
    this.onCrash = (error) => {
      // It stops the consumer, and the start waits for it.
      resolve();
      return onCrash(error);
    };
    return start.call(this).finally(resolve);
  };
  prototype.stop = async function () {
    await started.get(this);
    await stop.call(this);
  };
}
