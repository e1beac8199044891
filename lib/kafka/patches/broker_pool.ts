/**
 * Fixes of kafkajs' broker pool.
 *
 * @module
 */

import { isDenial } from "../denial.ts";
import { protocolCodeOf } from "../errors.ts";
import type { OwnCopy } from "./own_copy.ts";

interface BrokerPool {
  /** Those that metadata have named. Before that, the seed broker is asked. */
  readonly brokers: Readonly<Record<string, unknown>>;
  /** Makes the next of the addresses that were given the seed broker. */
  createSeedBroker(): Promise<void>;
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
 * And makes it begin with the next broker when the one that it began with has not answered: one that is suspended takes connections.
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
      const isSilent = error instanceof Error &&
        error.name === "KafkaJSRequestTimeoutError";
      if (isSilent && Object.keys(this.brokers).length === 0) {
        await this.createSeedBroker();
      }
      if (!(error instanceof TypeError)) throw error;
      throw new KafkaJSConnectionClosedError(
        "Closed while metadata were refreshed",
        { host: "", port: 0 },
      );
    }
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
