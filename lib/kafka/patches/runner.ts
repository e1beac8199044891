/**
 * Fixes of how a consumer of kafkajs ends that is just joining its group, and of how it commits.
 *
 * @module
 */

import { causes } from "../../base/errors.ts";
import { isKafkaOutage } from "../errors.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Runner {
  readonly consumerGroup: { commitOffsets(offsets: unknown): Promise<void> };
  commitOffsets(offsets: unknown): Promise<void>;
  onCrash(error: unknown): unknown;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes kafkajs wait for a consumer to have joined its group, or failed to, before it stops it.
 *
 * It takes such a consumer as one that doesn't run, and stops nothing: after it has joined it reads on, and keeps its partitions.
 *
 * And makes it ask after each outage whether to begin again: it doesn't where its own class of the error says that no retry helps, as for
 * a coordinator that is not found.
 *
 * And makes it commit once, and as the member that it is now. It tries again after a pause otherwise, and if it has joined its group again
 * meanwhile the old offsets go out as those of the new generation. And where it has begun to stop it commits nothing, and reports nothing.
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
      if (isKafkaOutage(error)) {
        Object.assign([...causes(error)].at(-1) ?? {}, { retriable: true });
      }
      return onCrash(error);
    };
    return start.call(this).finally(resolve);
  };
  prototype.commitOffsets = function (offsets) {
    return this.consumerGroup.commitOffsets(offsets);
  };
  prototype.stop = async function () {
    await started.get(this);
    await stop.call(this);
  };
}
