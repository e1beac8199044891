/**
 * When a consumer joins its group, who it is there after it has lost the connection, and where it goes on if a broker does not have its
 * offset.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { pause } from "../../base/pause.ts";
import { isStaleMetadata, isUnanswered, protocolCodeOf } from "../errors.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface Cluster {
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number }[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): object;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<
    readonly {
      readonly partitions: readonly { readonly offset: string }[];
    }[]
  >;
}

interface Options {
  /** The consumer's connections: the same ones through all of its restarts. */
  readonly cluster: Cluster;
  /** The consumer's settings for retries, which kafkajs hands on as they are. */
  readonly retry: GroupWatch;
  /** What offers the group to divide partitions. */
  readonly assigners: readonly Assigner[];
}

interface Assigner {
  protocol(subscription: Subscription): unknown;
}

/** What a member tells its group when it joins. */
export interface Subscription {
  readonly topics: readonly string[];
  /** Anything. A member that joins with other data than before makes the group begin a new generation. */
  readonly userData: Buffer;
}

/** Hears of what kafkajs tells nobody. */
export interface GroupWatch {
  /** Called with the generation of the group that this member joins, before it has its partitions. */
  readonly generation: (id: number) => void;
  /** Called before each fetch with those of this member's partitions that have no leader, none of which is fetched. */
  readonly leaderless: (partitions: readonly number[]) => void;
}

interface ConsumerGroup {
  readonly cluster: Cluster;
  readonly topicConfigurations: Readonly<
    Record<string, { readonly fromBeginning: boolean }>
  >;
  readonly offsetManager: {
    nextOffset(topic: string, partition: number): { toString(): string };
  };
  assigned(): readonly {
    readonly topic: string;
    readonly partitions: readonly number[];
  }[];
  commitOffsets(offsets: unknown): Promise<void>;
  fetch(nodeId: string): Promise<readonly { readonly partition: number }[]>;
  joinAndSync(): Promise<void>;
  recoverFromFetch(error: unknown): Promise<void>;
  seek(to: Place & { readonly offset: string }): void;
  /** What was sought and not fetched yet, by partition. */
  readonly seekOffset: {
    clear(): void;
    has(topic: string, partition: number): boolean;
  };
}

/**
 * For how long an offset has to be after the partition's end until it counts as gone, in milliseconds: a broker that has just come
 * back, and is still asked as the leader that it was, does not know the last messages.
 */
const BEYOND_END_MS = 5_000;
/** How far apart metadata are refreshed while a partition has no leader, in milliseconds: kafkajs refreshes them every 30 s. */
const LEADERS_MS = 500;
/** The pause until the next fetch of an offset that may be there, in milliseconds. */
const AGAIN_MS = 100;

/** Who a consumer is in its group, through all restarts. */
interface Member {
  readonly watch: GroupWatch;
  id: string | null;
  generation: number | null;
  /** How many commits had no answer: the coordinator may still get them. */
  unansweredCount: number;
}

/** Thrown for what a member can only do once it has joined its group: kafkajs ends all of its fetches, and joins. */
class NotJoinedError extends Error {
  override readonly name = "NotJoinedError";
  /** As a broker calls it. */
  readonly type = "REBALANCE_IN_PROGRESS";
}

/**
 * Makes a consumer of kafkajs that joins its group again after a failure come as the member that it was. It comes as another one
 * otherwise, and the group waits for the old one until the session has run out.
 *
 * Nothing can be committed by that: what the old member has not committed is fetched again, and the coordinator refuses its id if the
 * group has gone on without it. It then joins as a new member.
 *
 * And makes it come with other data if a commit had no answer, so that the group begins a new generation: the coordinator refuses that
 * commit then, if it gets it late. In the same generation it takes it after those of what is read again, and the group's offset goes back.
 *
 * And makes it join when nothing is fetched or processed, and until it has joined. kafkajs joins amid the fetch that meets a leader that has
 * moved, for which there is no need, or a new partition: what another broker's fetch has brought would be committed as that of the new
 * generation. It fetches what it had before if only the second half of a join fails. And what was sought in one generation is sought in
 * the next one that has the partition, whatever the group has read meanwhile.
 *
 * And makes it look again for the leaders of partitions that have none, see `patchLeaders`, and go on with the others meanwhile; and for
 * those of a broker that has not answered.
 *
 * And makes it ask the leader for the partition's offsets when a broker says that an offset is out of range. A replica that lags says
 * so while the metadata still name it the leader, or as consumers may read from any replica (KIP-392). kafkajs believes it, and commits
 * the start, or the end, as the group's offset (kafkajs issue 1119): all is read again, or the rest is lost. An offset that is really gone
 * is left without a commit.
 */
export function patchConsumerGroup(kafkajs: OwnCopy): void {
  const path = "src/consumer/consumerGroup.js";
  const ConsumerGroup = kafkajs.load<
    new (options: Options) => ConsumerGroup
  >(path);
  const members = new WeakMap<object, Member>();
  const memberOf = (cluster: object) => members.get(cluster) as Member;
  kafkajs.replace(
    path,
    class extends ConsumerGroup {
      /** By partition, since when its offset is after the end, in milliseconds since the epoch. */
      readonly #beyondSince = new Map<number, number>();
      /** When the metadata were refreshed for a partition without a leader, in milliseconds since the epoch. */
      #refreshedAt = 0;
      #hasJoined = false;

      constructor(options: Options) {
        const member = members.getOrInsertComputed(options.cluster, () => ({
          watch: options.retry,
          id: null,
          generation: null,
          unansweredCount: 0,
        }));
        const { id } = member;
        // This sets it to null.
        super({
          ...options,
          assigners: options.assigners.map((assigner) => ({
            ...assigner,
            protocol: (subscription) =>
              assigner.protocol({
                ...subscription,
                userData: Buffer.from(String(member.unansweredCount || "")),
              }),
          })),
        });
        this.memberId = id;
      }

      get memberId(): string | null {
        return memberOf(this.cluster).id;
      }

      set memberId(id: string | null) {
        memberOf(this.cluster).id = id;
      }

      get generationId(): number | null {
        return memberOf(this.cluster).generation;
      }

      // kafkajs sets it to null when it begins, and to the group's when it has joined.
      set generationId(id: number | null) {
        const member = memberOf(this.cluster);
        member.generation = id;
        if (id === null) return;
        this.seekOffset.clear();
        member.watch.generation(id);
      }

      override async joinAndSync() {
        this.#hasJoined = false;
        await super.joinAndSync();
        this.#hasJoined = true;
      }

      override async commitOffsets(offsets: unknown) {
        try {
          await super.commitOffsets(offsets);
        } catch (error) {
          if (isUnanswered(error)) memberOf(this.cluster).unansweredCount++;
          throw error;
        }
      }

      override async fetch(nodeId: string) {
        if (!this.#hasJoined) throw new NotJoinedError("The join has failed");
        try {
          await this.#lookForLeaders();
        } catch (error) {
          await this.recoverFromFetch(error);
          return [];
        }
        const fetched = await super.fetch(nodeId);
        // What was in range in between is not gone the next time either.
        for (const { partition } of fetched) {
          this.#beyondSince.delete(partition);
        }
        return fetched;
      }

      async #lookForLeaders(): Promise<void> {
        let leaderless = this.#leaderless();
        const now = Date.now();
        if (leaderless.length > 0 && now - this.#refreshedAt > LEADERS_MS) {
          this.#refreshedAt = now;
          await this.cluster.refreshMetadata();
          leaderless = this.#leaderless();
        }
        memberOf(this.cluster).watch.leaderless(leaderless);
      }

      #leaderless(): number[] {
        return this.assigned().flatMap(({ topic, partitions }) =>
          this.cluster.findTopicPartitionMetadata(topic)
            .filter(({ partitionId, leader }) =>
              leader < 0 && partitions.includes(partitionId)
            )
            .map(({ partitionId }) => partitionId)
        );
      }

      override async recoverFromFetch(error: unknown) {
        const name = error instanceof Error && error.name;
        if (name === "KafkaJSStaleTopicMetadataAssignment") {
          throw new NotJoinedError("The topic has new partitions");
        }
        if (
          isStaleMetadata(error) || name === "KafkaJSTopicMetadataNotLoaded"
        ) {
          await this.cluster.refreshMetadata();
          if (protocolCodeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") {
            throw new NotJoinedError("The topic may be another one");
          }
          await pause(AGAIN_MS);
        } else {
          // By the next fetch another broker may lead what this one did.
          if (name === "KafkaJSRequestTimeoutError") {
            await this.cluster.refreshMetadata();
          }
          await super.recoverFromFetch(error);
        }
      }

      async recoverFromOffsetOutOfRange(place: Place): Promise<void> {
        const { topic, partition } = place;
        try {
          await this.cluster.refreshMetadata();
          const low = await this.#offsetOf(place, true);
          const end = await this.#offsetOf(place, false);
          const next = BigInt(
            this.offsetManager.nextOffset(topic, partition).toString(),
          );
          const since = this.#beyondSince.get(partition) ?? Date.now();
          this.#beyondSince.delete(partition);
          const isGone = next < low ||
            next > end && Date.now() - since >= BEYOND_END_MS;
          // A start may have found meanwhile where to go on.
          if (isGone && !this.seekOffset.has(topic, partition)) {
            const fromBeginning = this.topicConfigurations[topic]
              ?.fromBeginning;
            const offset = String(fromBeginning ? low : end);
            return this.seek({ topic, partition, offset });
          }
          if (next > end) this.#beyondSince.set(partition, since);
        } catch (error) {
          // It may be the leader that has moved, which is as for any fetch.
          return await this.recoverFromFetch(error);
        }
        await pause(AGAIN_MS);
      }

      async #offsetOf(
        { topic, partition }: Place,
        fromBeginning: boolean,
      ): Promise<bigint> {
        // It throws if the partition has no leader to ask.
        this.cluster.findLeaderForPartitions(topic, [partition]);
        const [found] = await this.cluster.fetchTopicsOffset([
          { topic, partitions: [{ partition }], fromBeginning },
        ]);
        return BigInt(found?.partitions[0]?.offset ?? 0);
      }
    },
  );
}
