/**
 * A fix of kafkajs' broker pool.
 *
 * @module
 */

import { isDenial } from "../denial.ts";
import type { OwnCopy } from "./own_copy.ts";

interface BrokerPool {
  withBroker(ask: (args: unknown) => Promise<unknown>): Promise<unknown>;
}

/**
 * Makes kafkajs throw the refusal if every broker refused a question, such as that for a group's coordinator.
 *
 * It asks one broker after the other, drops the reason of each, and ends in "Failed to find group coordinator".
 *
 * @param kafkajs The copy to patch.
 */
export function patchBrokerPool(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: BrokerPool }>(
    "src/cluster/brokerPool.js",
  );
  const original = prototype.withBroker;
  prototype.withBroker = async function (ask) {
    let denial: Error | undefined;
    const answer = await original.call(this, async (args) => {
      try {
        return await ask(args);
      } catch (error) {
        if (error instanceof Error && isDenial(error)) denial = error;
        throw error;
      }
    });
    if (answer === null && denial) throw denial;
    return answer;
  };
}
