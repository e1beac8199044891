/**
 * Which member of a consumer group reads which partition.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { protocolCodeOf } from "./errors.ts";
import type { Kafkajs, PartitionAssigner } from "./kafkajs.ts";

type Cluster = Parameters<PartitionAssigner>[0]["cluster"];

/** Kafka's name for this way. The clients of Java, Python and C offer it by default, so they can share a group with this one. */
const NAME = "range";

/** How a broker says that a topic doesn't exist, or that this user may not see it. */
const UNREADABLE_CODES = [
  "UNKNOWN_TOPIC_OR_PARTITION",
  "TOPIC_AUTHORIZATION_FAILED",
];

/**
 * Divides each topic among the members that subscribe to it. kafkajs' own assigner divides all topics among all members, so a
 * partition may go to a member that doesn't subscribe to its topic, and is then not read. Equals
 * `partition.assignment.strategy=range`.
 */
export function rangeAssigner(kafkajs: Kafkajs): PartitionAssigner {
  const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
  const fixed = { version: 0, userData: Buffer.alloc(0) };
  return ({ cluster }) => ({
    name: NAME,
    version: 0,
    // With the data that patchConsumerGroup adds.
    protocol: (subscription) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ ...fixed, ...subscription }),
    }),
    async assign({ members }) {
      const subscriptions = new Map(
        members.map((
          { memberId, memberMetadata },
        ) => [memberId, MemberMetadata.decode(memberMetadata)?.topics ?? []]),
      );
      const shares = await divide(cluster, subscriptions);
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          ...fixed,
          assignment: shares.get(memberId) ?? {},
        }),
      }));
    },
  });
}

async function divide(
  cluster: Cluster,
  subscriptions: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, Record<string, number[]>>> {
  const shares = new Map(
    [...subscriptions.keys()].sort().map((member) =>
      [member, {} as Record<string, number[]>] as const
    ),
  );
  for (const topic of new Set([...subscriptions.values()].flat())) {
    const partitions = await partitionsOf(cluster, topic);
    const readers = [...shares].filter(([member]) =>
      subscriptions.get(member)?.includes(topic)
    );
    const begin = (i: number) =>
      Math.ceil(i * partitions.length / readers.length);
    for (const [i, [, share]] of readers.entries()) {
      share[topic] = partitions.slice(begin(i), begin(i + 1));
    }
  }
  return shares;
}

/** Lists a topic's partitions; none if the topic doesn't exist or this user may not see it. */
async function partitionsOf(
  cluster: Cluster,
  topic: string,
): Promise<number[]> {
  const known = cluster.findTopicPartitionMetadata(topic);
  // kafkajs knows only the topics to which this member subscribes.
  const found = known.length > 0 ? known : await ask(cluster, topic);
  return found.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
}

async function ask(cluster: Cluster, topic: string) {
  const broker = await cluster.findControllerBroker();
  try {
    const { topicMetadata } = await broker.metadata([topic]);
    return topicMetadata.flatMap(({ partitionMetadata }) => partitionMetadata);
  } catch (error) {
    if (UNREADABLE_CODES.includes(protocolCodeOf(error) ?? "")) return [];
    throw error;
  }
}
