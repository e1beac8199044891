/**
 * kafkajs' own connection to a cluster, for the requests that its public clients don't offer.
 *
 * @module
 */

import type {
  Broker as KafkajsBroker,
  Cluster as KafkajsCluster,
  Kafka,
} from "./kafkajs.ts";
import { OutageError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import type { PartitionData } from "./patches/fetched_partition.ts";

/** How long a broker may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** kafkajs' class `Broker`, with what its types leave out. */
export interface Broker extends Omit<KafkajsBroker, "fetch"> {
  /** Sends ListGroups: the groups that this broker coordinates. */
  listGroups(): Promise<{
    readonly groups: readonly {
      readonly groupId: string;
      readonly protocolType: string;
    }[];
  }>;
  fetch(request: Parameters<KafkajsBroker["fetch"]>[0]): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly PartitionData[];
    }[];
  }>;
}

/** kafkajs' class `Cluster`: its types have the ids of brokers as numbers in one place and as text in another. */
export interface Cluster extends Omit<KafkajsCluster, "getNodeIds"> {
  getNodeIds(): string[];
  findBroker(id: { readonly nodeId: string }): Promise<Broker>;
}

/** Makes a connection to a cluster with the settings of a client. It doesn't connect yet. */
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
 * Waits for an answer with a limit: kafkajs asks a broker that hangs three times.
 *
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
