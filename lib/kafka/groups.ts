/**
 * Consumer groups: who is in them, where they stand, and setting where they go on.
 *
 * @module
 */

import type { MemberDescription } from "./kafkajs.ts";
import { OutageError } from "../base/errors.ts";
import type { Offsets } from "./admin.ts";
import { inTime } from "./cluster.ts";
import { ClusterClient } from "./cluster_client.ts";
import { loadKafkajs } from "./patches/load.ts";

/** A member of a group. */
export interface GroupMember {
  /** Its id in the group. Equals `member.id`. */
  readonly id: string;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: Readonly<Record<string, readonly number[]>>;
}

/** A group. */
export interface GroupDescription {
  readonly group: string;
  /** `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Dead`: Kafka's names. */
  readonly state: string;
  readonly members: readonly GroupMember[];
}

/** A client for questions about groups, and for setting their offsets. */
export class GroupClient extends ClusterClient {
  /** Lists the consumer groups that the user may see, sorted; and counts the brokers that did not answer, whose groups are missing. */
  async list(): Promise<{
    readonly groups: readonly string[];
    readonly silentBrokersCount: number;
  }> {
    await inTime(this.cluster.refreshMetadata());
    const answers = await Promise.allSettled(
      this.cluster.getNodeIds().map(async (nodeId) => {
        const broker = await inTime(this.cluster.findBroker({ nodeId }));
        return await inTime(broker.listGroups());
      }),
    );
    const failed = answers.filter((one) => one.status === "rejected");
    if (failed.length === answers.length) {
      throw failed[0]?.reason ?? new OutageError("Kafka names no broker");
    }
    return {
      groups: answers
        .flatMap((one) => one.status === "fulfilled" ? one.value.groups : [])
        .filter(({ protocolType }) => protocolType !== "connect")
        .map(({ groupId }) => groupId).sort(),
      silentBrokersCount: failed.length,
    };
  }

  /** Describes a group. One that doesn't exist is `Dead`. */
  async describe(group: string): Promise<GroupDescription> {
    const { AssignerProtocol } = await loadKafkajs();
    const { groups: [found] } = await inTime(
      this.admin.describeGroups([group]),
    );
    const partitionsOf = ({ memberAssignment }: MemberDescription) =>
      // A member that is joining has none yet.
      memberAssignment.length === 0
        ? {}
        : AssignerProtocol.MemberAssignment.decode(memberAssignment)
          ?.assignment ?? {};
    return {
      group,
      state: found?.state ?? "Dead",
      members: (found?.members ?? []).map((member) => ({
        id: member.memberId,
        clientId: member.clientId,
        host: member.clientHost.replace(/^\//, ""),
        partitions: partitionsOf(member),
      })),
    };
  }

  /** Reads what is kept with a group's offsets in a topic (`metadata`). Returns each text once. */
  async notes(group: string, topic: string): Promise<ReadonlySet<string>> {
    const topics = await inTime(
      this.admin.fetchOffsets({ groupId: group }),
    );
    const partitions = topics.find((one) => one.topic === topic)?.partitions;
    return new Set(partitions?.flatMap(({ metadata }) => metadata ?? []));
  }

  /** Commits a group's offsets from outside of it. Kafka refuses it while the group has members. */
  async commit(
    group: string,
    position: { readonly topic: string; readonly offsets: Offsets },
  ): Promise<void> {
    const { topic, offsets } = position;
    const coordinator = await inTime(
      this.cluster.findGroupCoordinator({ groupId: group }),
    );
    await inTime(coordinator.offsetCommit({
      groupId: group,
      // Equals what a consumer sends that is in no group: no generation, no member.
      groupGenerationId: -1,
      memberId: "",
      topics: [{
        topic,
        partitions: [...offsets].map(([partition, offset]) => ({
          partition,
          offset: String(offset),
        })),
      }],
    }));
  }
}
