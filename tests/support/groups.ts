/**
 * The state of consumer groups, as the broker reports it.
 *
 * @module
 */

import { eventually } from "./eventually.ts";
import type { Bench } from "./integration.ts";
import { createKafka } from "../../lib/kafka/client.ts";
import type { Config } from "../../lib/settings/config.ts";
import { withAdmin } from "./kafkajs.ts";

/**
 * Lists the members of a group by the ids that the broker has given them.
 *
 * @param config Where Kafka is.
 * @param group The group.
 * @returns Their ids, sorted.
 */
export function memberIds(config: Config, group: string): Promise<string[]> {
  return withAdmin(config, {}, async (admin) => {
    const { groups } = await admin.describeGroups([group]);
    return groups[0]?.members.map(({ memberId }) => memberId).sort() ?? [];
  });
}

/**
 * Looks up what a group does.
 *
 * @param config Where Kafka is.
 * @param group The group.
 * @returns Its state, by Kafka's names.
 */
export function groupState(
  config: Config,
  group: string,
): Promise<string | undefined> {
  return withAdmin(config, {}, async (admin) => {
    const { groups } = await admin.describeGroups([group]);
    return groups[0]?.state;
  });
}

/**
 * Waits until a test's group has so many members, each with a partition of the test's topic.
 *
 * @param bench The test's bench.
 * @param count The number of members.
 * @throws {Error} If the group does not settle in time.
 */
export async function groupShared(
  { config, topic, group }: Bench,
  count: number,
): Promise<void> {
  const groups = (await createKafka(config)).groups();
  await groups.connect();
  try {
    await eventually(`${count} members with a partition each`, async () => {
      const { members } = await groups.describe(group);
      return members.length === count &&
        members.every(({ partitions }) => partitions[topic]?.length);
    });
  } finally {
    await groups.disconnect();
  }
}
