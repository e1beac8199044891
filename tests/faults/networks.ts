/**
 * The members of two groups in two networks, which are cut off from the cluster by turns.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pause } from "../../lib/base/pause.ts";
import { PostgresServer, whyNoPostgres } from "../support/postgres_server.ts";
import { type ClusterBench, crash, underLoad } from "./cluster.ts";
import type { ClusterEngine } from "./support/cluster_engine.ts";
import type { FaultTest } from "./support/fault_tests.ts";
import { type Networks, SIDES, whyNoNetworks } from "./support/networks.ts";

/** How long a network is cut off, in milliseconds: longer than a member's session, which is 10 s. */
const CUT_MS = { from: 15_000, to: 30_000 } as const;

/** Which address the database has, the brokers having the first three. */
const DATABASE = 4;

/** Runs each pair of a consumer and a store in a network of its own, and the producer in the first, while there is trouble with them. */
async function inNetworks(
  bench: ClusterBench,
  trouble: (networks: Networks) => Promise<void>,
): Promise<void> {
  const { networked } = bench.engine;
  assert(networked);
  const { networks, config } = networked;
  await using server = await PostgresServer.launch(
    networks.address(DATABASE),
  );
  await underLoad(bench, () => trouble(networks), () => ({
    place: (pair) => ({
      config,
      namespace: networks.namespace(SIDES[pair % SIDES.length] ?? 1),
      env: server.env("postgres"),
      reach: [
        ...config.brokers,
        new URL(config.registryUrl).host,
        server.address,
      ],
    }),
    database: server.settings(),
    databaseFlags: [],
  }));
}

/** Why the tests can't run here; undefined if they can. */
export const whyNoNetworkFaults: string | undefined = whyNoNetworks ??
  whyNoPostgres;

/** The tests. */
export const NETWORK_FAULTS: readonly FaultTest<ClusterEngine>[] = [
  {
    name:
      "members of a group in two networks lose and double nothing while brokers are killed and either network is cut off",
    version: "long",
    fn: (bench) =>
      inNetworks(bench, async (networks) => {
        const { engine, random } = bench;
        for (const side of random.shuffle(SIDES)) {
          // The store has something in hand when it is cut off, and writes it when another has its partitions.
          await networks.hide(side, DATABASE);
          await pause(random.integer(500, 3_000));
          await networks.cut(side);
          const over = pause(random.integer(CUT_MS.from, CUT_MS.to));
          await crash(bench, random.pick(engine.ids));
          await over;
          await networks.repair(side);
          await crash(bench, random.pick(engine.ids));
        }
      }),
  },
  {
    name:
      "members of a group in two networks lose and double nothing while each broker answers one of them and not the other",
    version: "long",
    fn: (bench) =>
      inNetworks(bench, async (networks) => {
        const { engine, random } = bench;
        for (const [at, id] of random.shuffle(engine.ids).entries()) {
          const side = SIDES[at % SIDES.length] ?? 1;
          await networks.hide(side, id);
          await pause(random.integer(CUT_MS.from, CUT_MS.to));
          await networks.repair(side);
          await pause(5_000);
        }
      }),
  },
];
