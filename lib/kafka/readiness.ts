/**
 * Whether a broker does its work, which is more than an open port.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import { createKafkajs } from "./client.ts";

const PROBE = "engine-ready-probe";

/** Makes a broker, which the others must know by its id, check the creation of a topic, and load what the first consumer group needs. */
export async function requireReadiness(
  config: Config,
  id: number,
): Promise<void> {
  const kafka = await createKafkajs(config, { clientId: PROBE });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.createTopics({
      validateOnly: true,
      waitForLeaders: false,
      topics: [{ topic: PROBE, numPartitions: 1, replicationFactor: 1 }],
    });
    await admin.fetchOffsets({ groupId: PROBE });
    const { brokers } = await admin.describeCluster();
    if (!brokers.some(({ nodeId }) => nodeId === id)) {
      throw new Error(`The cluster does not have broker ${id} yet`);
    }
  } finally {
    await admin.disconnect();
  }
}
