/**
 * Partitions that have no leader, as every broker that keeps them is down.
 *
 * @module
 */

import { missingLeader } from "../errors.ts";
import type { Cluster } from "../kafkajs.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Metadata {
  readonly topicMetadata: readonly object[];
}

interface MetadataResponse {
  readonly parse: (metadata: Metadata) => Promise<Metadata>;
}

interface Errors {
  createErrorFromCode(code: number): Error;
}

/** Kafka's number for "leader not available", and its id of a leader that there isn't. */
const [LEADER_NOT_AVAILABLE, NO_LEADER] = [5, -1];

/**
 * Makes a partition without a leader the trouble of that partition alone. kafkajs throws all metadata of a cluster away if one partition
 * of any topic has none: while a broker is down and some topic has no other replica, no group and no topic could be shown, and a
 * consumer would read none of the partitions that are there.
 *
 * What takes such a partition throws; a question for the offsets of several leaves it out of the answer.
 */
export function patchLeaders(kafkajs: OwnCopy): void {
  const path = "src/protocol/requests/metadata/v0/response.js";
  // The later versions use it too.
  const response = kafkajs.load<MetadataResponse>(path);
  kafkajs.replace(path, {
    ...response,
    async parse(metadata: Metadata) {
      await response.parse({
        topicMetadata: metadata.topicMetadata
          .map((topic) => ({ ...topic, partitionMetadata: [] })),
      });
      return metadata;
    },
  });
  const { createErrorFromCode } = kafkajs.load<Errors>("src/protocol/error.js");
  const { prototype } = kafkajs.load<{ readonly prototype: Cluster }>(
    "src/cluster/index.js",
  );
  const { findLeaderForPartitions, fetchTopicsOffset } = prototype;
  prototype.findLeaderForPartitions = function (topic, partitions) {
    const leaders = findLeaderForPartitions.call(this, topic, partitions);
    const without = leaders[NO_LEADER];
    if (!without) return leaders;
    // Of this code the callers know that it passes with other metadata.
    throw Object.assign(createErrorFromCode(LEADER_NOT_AVAILABLE), {
      cause: missingLeader(topic, without),
    });
  };
  prototype.fetchTopicsOffset = async function (topics) {
    const led = topics.map((query) => {
      const without = new Set(
        this.findTopicPartitionMetadata(query.topic)
          .filter(({ leader }) => leader === NO_LEADER)
          .map(({ partitionId }) => partitionId),
      );
      return {
        ...query,
        partitions: query.partitions
          .filter(({ partition }) => !without.has(partition)),
      };
    });
    const found = await fetchTopicsOffset.call(this, led);
    const none = led.filter(({ partitions }) => partitions.length === 0)
      .map(({ topic }) => ({ topic, partitions: [] }));
    return [...found, ...none];
  };
}
