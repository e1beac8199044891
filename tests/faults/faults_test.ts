/**
 * Every process may be killed at any time, and what was acknowledged is still there and processed: the fault tests, short as a
 * rule, long by `deno task test:faults`. `FAULTS_ONLY` picks those with a text in their name, `FAULTS_SEED` repeats the chance
 * of one.
 */

import { CLUSTER_FAULTS } from "./cluster.ts";
import { CONSUMER_FAULTS } from "./consumer.ts";
import { DASHBOARD_FAULTS } from "./dashboard.ts";
import { DEAD_LETTER_FAULTS } from "./dead_letters.ts";
import { NETWORK_FAULTS, whyNoNetworkFaults } from "./networks.ts";
import { OUTAGES } from "./outages.ts";
import { PAGE_FAULTS } from "./page.ts";
import { PRODUCER_FAULTS } from "./producer.ts";
import { STORE_FAULTS } from "./store.ts";
import { ClusterEngine } from "./support/cluster_engine.ts";
import { FaultEngine } from "./support/fault_engine.ts";
import { faultTests } from "./support/fault_tests.ts";
import { Networks } from "./support/networks.ts";

faultTests("nothing is lost", [
  ...PRODUCER_FAULTS,
  ...CONSUMER_FAULTS,
  ...DEAD_LETTER_FAULTS,
  ...OUTAGES,
  ...STORE_FAULTS,
  ...PAGE_FAULTS,
  ...DASHBOARD_FAULTS,
], FaultEngine.start);

faultTests("a cluster loses nothing", CLUSTER_FAULTS, ClusterEngine.start);

const inNetworks = "a cluster loses nothing of clients in two networks";
if (whyNoNetworkFaults === undefined) {
  faultTests(
    inNetworks,
    NETWORK_FAULTS,
    async () => await ClusterEngine.start(await Networks.make()),
  );
} else {
  Deno.test({
    name: `${inNetworks} (${whyNoNetworkFaults})`,
    ignore: true,
    fn() {},
  });
}
