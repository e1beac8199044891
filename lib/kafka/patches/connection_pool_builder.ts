/**
 * Where kafkajs connects to first.
 *
 * @module
 */

import { addressOf } from "../probe.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Destination {
  readonly host?: string;
  readonly port?: number;
}

interface PoolBuilder {
  build(destination?: Destination): Promise<unknown>;
}

type MakePoolBuilder = (
  options: { readonly brokers: () => Promise<readonly string[]> },
) => PoolBuilder;

/** Makes kafkajs take IPv6 addresses: it splits the addresses that it was given at their first colon (kafkajs issue 1589). */
export function patchConnectionPoolBuilder(kafkajs: OwnCopy): void {
  const path = "src/cluster/connectionPoolBuilder.js";
  const original = kafkajs.load<MakePoolBuilder>(path);
  const replacement: MakePoolBuilder = (options) => {
    const builder = original(options);
    let next = 0;
    return {
      async build(destination = {}) {
        if (destination.host) return await builder.build(destination);
        const brokers = await options.brokers();
        return await builder.build(
          addressOf(brokers[next++ % brokers.length] ?? ""),
        );
      },
    };
  };
  kafkajs.replace(path, replacement);
}
