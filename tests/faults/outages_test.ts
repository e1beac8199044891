/**
 * Kafka, the registry, a database or a leader may be away, and nothing is lost, counted twice or kept in memory without end: fault tests,
 * short as a rule, long by `deno task test:faults`, chosen as those of the clients are.
 */

import { CLUSTER_FAULTS } from "./cluster.ts";
import { DASHBOARD_FAULTS } from "./dashboard.ts";
import { LEADER_FAULTS } from "./leaders.ts";
import { NETWORK_FAULTS, whyNoNetworkFaults } from "./networks.ts";
import { OUTAGES } from "./outages.ts";
import { PAGE_FAULTS } from "./page.ts";
import { STORE_FAULTS } from "./store.ts";
import { ClusterEngine } from "./support/cluster_engine.ts";
import { FaultEngine } from "./support/fault_engine.ts";
import { faultTests } from "./support/fault_tests.ts";
import { Networks } from "./support/networks.ts";

faultTests("nothing is lost in an outage", [
  ...OUTAGES,
  ...STORE_FAULTS,
  ...PAGE_FAULTS,
  ...DASHBOARD_FAULTS,
], FaultEngine.start);

faultTests("a cluster loses nothing", [
  ...CLUSTER_FAULTS,
  ...LEADER_FAULTS,
], ClusterEngine.start);

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
