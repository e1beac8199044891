/**
 * A broker pool that is closed while it is at work, or not answered.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { isKafkaOutage } from "../../../lib/kafka/errors.ts";
import { loadKafkajsFile } from "../../../lib/kafka/patches/load.ts";
import { permittedTest } from "../../support/permissions.ts";

interface BrokerPool {
  metadata: unknown;
  refreshMetadata(topics: readonly string[]): Promise<unknown>;
}

/** Makes a pool that knows no broker yet, of kafkajs' class and some parts. It tries nothing again. */
async function poolOf(parts: object): Promise<BrokerPool> {
  const { prototype } = await loadKafkajsFile<
    { readonly prototype: BrokerPool }
  >("src/cluster/brokerPool.js");
  return Object.assign(Object.create(prototype), {
    brokers: {},
    retrier: (work: (bail: (error: unknown) => void) => Promise<unknown>) =>
      new Promise((resolve, reject) => work(reject).then(resolve, reject)),
    ...parts,
  });
}

permittedTest(
  "patchBrokerPool() makes the pool begin with the next broker after one that has not answered",
  [{ name: "env" }, { name: "read" }],
  async () => {
    let built = 0;
    const asked: number[] = [];
    const pool = await poolOf({
      connectionPoolBuilder: {
        build: () => Promise.resolve({ number: ++built }),
      },
      createBroker: (
        { connectionPool }: { readonly connectionPool: { number: number } },
      ) => ({
        connectionPool,
        isConnected: () => false,
        connect: () => Promise.resolve(),
        disconnect: () => Promise.resolve(),
        metadata() {
          asked.push(connectionPool.number);
          const error = new Error("No answer");
          error.name = "KafkaJSRequestTimeoutError";
          return Promise.reject(error);
        },
      }),
    });
    for (let time = 0; time < 2; time++) {
      await assertRejects(
        () => pool.refreshMetadata(["demo"]),
        Error,
        "No answer",
      );
    }
    assertEquals(asked, [1, 2]);
  },
);

permittedTest(
  "patchBrokerPool() makes an outage of a refresh of metadata when the pool is closed meanwhile",
  [{ name: "env" }, { name: "read" }],
  async () => {
    const pool = await poolOf({
      seedBroker: { connectionPool: { host: "localhost", port: 1 } },
      findConnectedBroker: () =>
        Promise.resolve({
          metadata: () =>
            Promise.resolve({
              brokers: [{ nodeId: 2, host: "localhost", port: 2 }],
            }),
        }),
      createBroker: () => ({}),
      connectionPoolBuilder: {
        build() {
          // What closing does.
          pool.metadata = null;
          return Promise.resolve({});
        },
      },
    });
    const error = await assertRejects(
      () => pool.refreshMetadata(["demo"]),
      Error,
      "Closed while metadata were refreshed",
    );
    if (!isKafkaOutage(error)) throw error;
  },
);
