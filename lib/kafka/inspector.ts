/**
 * What a cluster says of itself and of this user's rights, asked by requests that change nothing. kafkajs has none of them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { inTime } from "./cluster.ts";
import { ClusterClient } from "./cluster_client.ts";
import { protocolCodeOf } from "./errors.ts";
import { type RawRequest, sendRaw } from "./patches/raw_request.ts";

/** The operations that Kafka's rights are on, by Kafka's numbers. */
const OPERATIONS = {
  3: "Read",
  4: "Write",
  5: "Create",
  8: "Describe",
} as const;

/** A right on a topic or a group. */
export type Operation = typeof OPERATIONS[keyof typeof OPERATIONS];

/** Reads the rights that a number stands for, one bit for each. */
function operationsIn(bits: number): Operation[] {
  return Object.entries(OPERATIONS)
    .filter(([bit]) => (bits >> Number(bit)) & 1)
    .map(([, operation]) => operation);
}

function metadata(topic: string): RawRequest<Operation[]> {
  return {
    apiKey: 3,
    apiVersion: 8,
    apiName: "Metadata",
    write: (encoder) =>
      encoder.writeArray([topic])
        // Create no topic; leave out the rights on the cluster; include those on the topic.
        .writeBoolean(false).writeBoolean(false).writeBoolean(true),
    read(decoder) {
      decoder.forward(4);
      decoder.readArray((broker) => {
        broker.forward(4);
        broker.readString();
        broker.forward(4);
        broker.readString();
      });
      decoder.readString();
      decoder.forward(4);
      const [bits = 0] = decoder.readArray((found) => {
        found.forward(2);
        found.readString();
        found.readBoolean();
        found.readArray((partition) => {
          partition.forward(2 + 4 + 4 + 4);
          for (let list = 0; list < 3; list++) {
            partition.readArray((replicas) => replicas.readInt32());
          }
        });
        return found.readInt32();
      });
      return operationsIn(bits);
    },
  };
}

function describeGroup(group: string): RawRequest<Operation[]> {
  return {
    apiKey: 15,
    apiVersion: 3,
    apiName: "DescribeGroups",
    write: (encoder) => encoder.writeArray([group]).writeBoolean(true),
    read(decoder) {
      decoder.forward(4);
      const [bits = 0] = decoder.readArray((found) => {
        found.forward(2);
        for (let text = 0; text < 4; text++) found.readString();
        found.readArray((member) => {
          for (let text = 0; text < 3; text++) member.readString();
          member.readBytes();
          member.readBytes();
        });
        return found.readInt32();
      });
      return operationsIn(bits);
    },
  };
}

/** DescribeQuorum, version 1: the leader of the controllers has caught up with itself just now. */
const QUORUM: RawRequest<number | undefined> = {
  apiKey: 55,
  apiVersion: 1,
  apiName: "DescribeQuorum",
  // No tagged fields in the header; one topic with one partition; lengths are counted from 1.
  write: (encoder) =>
    encoder.writeBuffer(Buffer.concat([
      Buffer.from([0, 2, "__cluster_metadata".length + 1]),
      Buffer.from("__cluster_metadata"),
      Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]),
    ])),
  read(decoder) {
    decoder.readUVarInt();
    if (decoder.readInt16() !== 0 || decoder.readUVarInt() !== 2) {
      return undefined;
    }
    decoder.readUVarIntString();
    decoder.readUVarInt();
    decoder.forward(4 + 2);
    const leader = decoder.readInt32();
    decoder.forward(4 + 8);
    const votersCount = decoder.readUVarInt() - 1;
    for (let voter = 0; voter < votersCount; voter++) {
      const id = decoder.readInt32();
      decoder.forward(8 + 8);
      const caughtUpAt = Number(decoder.readInt64());
      decoder.readUVarInt();
      if (id === leader && caughtUpAt > 0) return caughtUpAt;
    }
    return undefined;
  },
};

/** A client for questions about a cluster. */
export class ClusterInspector extends ClusterClient {
  /** Reads this user's rights on a topic. Returns the rights; empty if the topic does not exist, or may not be seen. */
  async topicRights(topic: string): Promise<readonly Operation[]> {
    return await this.#send(metadata(topic));
  }

  /** Reads this user's rights on a group, which need not exist; none if it may not be seen. */
  async groupRights(group: string): Promise<readonly Operation[]> {
    try {
      const coordinator = await inTime(
        this.cluster.findGroupCoordinator({ groupId: group }),
      );
      return await inTime(sendRaw(coordinator, describeGroup(group)));
    } catch (error) {
      if (protocolCodeOf(error) !== "GROUP_AUTHORIZATION_FAILED") throw error;
      return [];
    }
  }

  /** Reads the controller's clock, in milliseconds since the epoch; undefined without the right Describe on the cluster. */
  async clock(): Promise<number | undefined> {
    return await this.#send(QUORUM);
  }

  async #send<T>(request: RawRequest<T>): Promise<T> {
    await inTime(this.cluster.refreshMetadata());
    const [nodeId = ""] = this.cluster.getNodeIds();
    const broker = await inTime(this.cluster.findBroker({ nodeId }));
    return await inTime(sendRaw(broker, request));
  }
}
