/**
 * The fix of kafkajs' broker pool.
 *
 * @module
 */

import { isDenial } from "../denial.ts";

interface BrokerPool {
  withBroker(ask: (args: unknown) => Promise<unknown>): Promise<unknown>;
}

/**
 * Has kafkajs tell when it was refused what it asked of any broker, as for a group's coordinator.
 *
 * It asks one broker after the other, forgets why each said no, and ends in "Failed to find group coordinator".
 */
export async function mendBrokerPool(): Promise<void> {
  const { default: pool } = await import("kafkajs/src/cluster/brokerPool.js");
  const prototype = pool.prototype as BrokerPool;
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
