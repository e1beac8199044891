/**
 * kafkajs' own connection to a cluster, for the requests that its public clients don't offer.
 *
 * @module
 */

import type { Kafka } from "./kafkajs.ts";
import { OutageError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import type { Connectable } from "./connectable.ts";
import type { PartitionData } from "./patches/fetched_partition.ts";

/** How long a broker may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** The part of kafkajs' class `Cluster` that is used here. */
export interface Cluster extends Connectable {
  /** Fetches the cluster's metadata again. */
  refreshMetadata(): Promise<void>;
  /** Adds a topic to the metadata that are kept. */
  addTargetTopic(topic: string): Promise<void>;
  /** Adds topics to the metadata that are kept. */
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  /** Finds the leaders of partitions: the ids of brokers, each with its partitions. */
  findLeaderForPartitions(
    topic: string,
    partitions: readonly number[],
  ): Readonly<Record<string, readonly number[]>>;
  /** Finds the first offsets of partitions, or those after the last message. */
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<
    readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly offset: string;
      }[];
    }[]
  >;
  /** Lists the ids of the brokers. */
  getNodeIds(): string[];
  /** Finds a broker by its id. */
  findBroker(id: { readonly nodeId: string }): Promise<Broker>;
  /** Finds the broker that coordinates a group. */
  findGroupCoordinator(group: { readonly groupId: string }): Promise<Broker>;
}

/** The part of kafkajs' class `Broker` that is used here. */
export interface Broker {
  /** Sends ListGroups: the groups that this broker coordinates. */
  listGroups(): Promise<{
    readonly groups: readonly {
      readonly groupId: string;
      readonly protocolType: string;
    }[];
  }>;
  /** Sends Fetch. */
  fetch(request: {
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly PartitionData[];
    }[];
  }>;
  /** Sends OffsetCommit. */
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly offset: string;
      }[];
    }[];
  }): Promise<void>;
}

/**
 * Makes a connection to a cluster with the settings of a client. It doesn't connect yet.
 *
 * @param kafka The client.
 * @returns The connection.
 */
export function clusterOf(kafka: Kafka): Cluster {
  const [create] = Object.getOwnPropertySymbols(kafka)
    .filter(({ description }) => description === "private:Kafka:createCluster");
  const made = (kafka as unknown as Record<
    symbol,
    (options: { readonly allowAutoTopicCreation: boolean }) => Cluster
  >)[create as symbol]?.({ allowAutoTopicCreation: false });
  if (!made) throw new TypeError("kafkajs has no createCluster");
  return made;
}

/**
 * Waits for an answer with a limit: kafkajs waits 30 s for a broker that hangs, and asks it three times.
 *
 * @param request The request.
 * @returns The answer.
 * @throws {OutageError} If there is none within 5 s.
 */
export function inTime<T>(request: Promise<T>): Promise<T> {
  return within(request, {
    timeoutMs: ANSWER_MS,
    late: () =>
      new OutageError("A broker does not answer", {
        code: "kafka-unreachable",
      }),
  });
}
