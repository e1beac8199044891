/**
 * Fixes of kafkajs' broker pool.
 *
 * @module
 */

import { isDenial } from "../denial.ts";
import { protocolCodeOf } from "../errors.ts";
import type { OwnCopy } from "./own_copy.ts";

interface BrokerPool {
  /** The broker that is connected to first. */
  seedBroker: unknown;
  disconnect(): Promise<void>;
  withBroker(ask: (args: unknown) => Promise<unknown>): Promise<unknown>;
  refreshMetadata(topics: readonly string[]): Promise<unknown>;
}

interface Errors {
  readonly KafkaJSConnectionClosedError: new (
    message: string,
    options: { readonly host: string; readonly port: number },
  ) => Error;
}

/**
 * Makes kafkajs throw the refusal if no broker answered a question and one refused it, such as that for a group's coordinator, and an error of the
 * connection if it is closed while metadata are refreshed.
 *
 * It asks one broker after the other, drops the reason of each, and ends in "Failed to find group coordinator". And closing forgets the
 * metadata, of which a refresh reads on: the TypeError of that would end a consumer which comes back after a broker's crash.
 *
 * And makes it begin with the next broker each time it connects: one that is suspended takes connections, and answers nothing.
 */
export function patchBrokerPool(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: BrokerPool }>(
    "src/cluster/brokerPool.js",
  );
  const { KafkaJSConnectionClosedError } = kafkajs.load<Errors>(
    "src/errors.js",
  );
  const refreshMetadata = prototype.refreshMetadata;
  prototype.refreshMetadata = async function (topics) {
    try {
      return await refreshMetadata.call(this, topics);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new KafkaJSConnectionClosedError(
        "Closed while metadata were refreshed",
        { host: "", port: 0 },
      );
    }
  };
  const disconnect = prototype.disconnect;
  prototype.disconnect = async function () {
    await disconnect.call(this);
    this.seedBroker = undefined;
  };
  const original = prototype.withBroker;
  prototype.withBroker = async function (ask) {
    let refusal: unknown;
    const answer = await original.call(this, async (args) => {
      try {
        return await ask(args);
      } catch (error) {
        if (
          error instanceof Error && isDenial(error) || protocolCodeOf(error)
        ) refusal = error;
        throw error;
      }
    });
    if (answer === null && refusal) throw refusal;
    return answer;
  };
}
