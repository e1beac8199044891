/**
 * Where a consumer group stands in a topic, as one of its members finds it out and settles it.
 *
 * @module
 */

import type { Admin, Consumer } from "kafkajs";
import { isKafkaOutage, isRebalance } from "../kafka/errors.ts";
import { throughOutages } from "../base/retry.ts";
import {
  describeGap,
  describeLostOffsets,
  type StartingOffset,
  startingOffsets,
} from "./starting_offsets.ts";
import { describeTopic } from "../kafka/topic.ts";

/** Whose position, and whom to tell of it. */
export interface GroupPositionOptions {
  /** The topic. */
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
  /** Where to begin in a partition for which the group has no offset. */
  readonly from: "earliest" | "latest";
  /**
   * Whether offsets are committed.
   *
   * @default {true}
   */
  readonly commit?: boolean;
  /** Is told of messages that are gone, in a line. */
  readonly notify?: ((line: string) => void) | undefined;
}

/** Looks up a group's position, settles it where there is none, and tells of what is gone. */
export class GroupPosition {
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #options: GroupPositionOptions;
  readonly #stopping: AbortSignal;
  /** Where the group stood before this member joined it: kafkajs overwrites an offset that is gone as soon as it has. */
  #before: ReadonlyMap<number, StartingOffset> | undefined;
  /** Whether the group had no offset in the topic when this member came, and has none by it. */
  #isNewGroup = true;
  /** Whether this member has committed in the topic: its offsets go with the topic, and only with it. */
  #placed = false;

  /**
   * Makes it.
   *
   * @param clients The member, and an admin client, both connected.
   * @param options Whose position, and whom to tell of it.
   * @param stopping A stop: it ends every wait.
   */
  constructor(
    clients: { readonly consumer: Consumer; readonly admin: Admin },
    options: GroupPositionOptions,
    stopping: AbortSignal,
  ) {
    this.#consumer = clients.consumer;
    this.#admin = clients.admin;
    this.#options = options;
    this.#stopping = stopping;
  }

  /** Looks where the group stands before this member joins it. */
  async noteBefore(): Promise<void> {
    this.#before = await this.#lookUp(this.#stopped);
    this.#isNewGroup = [...this.#before?.values() ?? []]
      .every(({ committed }) => committed === undefined);
  }

  /** Notes that this member has committed. */
  noteCommit(): void {
    this.#placed = true;
    this.#isNewGroup = false;
  }

  /**
   * Finds where to begin in each partition, says what is gone, and commits where the group had no offset yet: a group that
   * begins at the end has its place from now on, whatever the next rebalance brings.
   *
   * @param partitions The member's partitions.
   * @param over Whether the group has been shared out anew meanwhile.
   * @returns The position in each partition of the topic; nothing where it was over first.
   */
  async settle(
    partitions: readonly number[],
    over: () => boolean,
  ): Promise<ReadonlyMap<number, StartingOffset> | undefined> {
    const { topic, from, notify, commit = true } = this.#options;
    const found = await this.#lookUp(over);
    if (!found) return undefined;
    const before = this.#before;
    this.#before = undefined;
    const places: { topic: string; partition: number; offset: string }[] = [];
    for (const partition of partitions) {
      const start = found.get(partition);
      if (!start) continue;
      const committed = start.committed ?? before?.get(partition)?.committed;
      const lost = describeLostOffsets(topic, partition, {
        ...start,
        committed,
      });
      if (lost) notify?.(lost);
      if (start.committed !== undefined) continue;
      const place = { topic, partition, offset: String(start.offset) };
      if (from === "latest") this.#consumer.seek(place);
      places.push(place);
    }
    if (commit && places.length > 0) {
      await this.#persist(async () => {
        await this.#consumer.commitOffsets(places);
        this.noteCommit();
      }, over);
    }
    return found;
  }

  /**
   * Says which messages retention took away between what was read last and what was fetched now.
   *
   * @param partition The partition.
   * @param expected The offset that was to come.
   * @param fetched The one that came.
   */
  async tellGap(
    partition: number,
    expected: bigint,
    fetched: bigint,
  ): Promise<void> {
    const { topic, notify } = this.#options;
    const ranges = await this.#persist(
      () => this.#admin.fetchTopicOffsets(topic),
      this.#stopped,
    );
    const low = BigInt(
      ranges?.find((range) => range.partition === partition)?.low ?? 0,
    );
    // Otherwise it was the end of a transaction, whose marker takes an offset and is no message.
    if (low > expected) {
      notify?.(describeGap(topic, partition, expected, fetched));
    }
  }

  /**
   * Goes back to the start of the topic if it was made anew. kafkajs would read on at the old offset, and pass over everything
   * before it.
   *
   * @param partitions The member's partitions.
   * @returns Where reading goes on in each; nothing where the topic is the same.
   */
  async beginAnew(
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, bigint>> {
    const lows = new Map<number, bigint>();
    if (!this.#placed) return lows;
    const found = await this.#lookUp(this.#stopped);
    const gone = partitions.every((partition) =>
      found?.get(partition)?.committed === undefined
    );
    if (!found || !gone) return lows;
    const { topic, notify } = this.#options;
    notify?.(
      `Topic '${topic}' was made anew while this consumer was away. Going on at its start.`,
    );
    for (const partition of partitions) {
      const { low } = found.get(partition) ?? { low: 0n };
      lows.set(partition, low);
      this.#consumer.seek({ topic, partition, offset: String(low) });
    }
    return lows;
  }

  /**
   * Looks whether the topic is there.
   *
   * @returns Whether it is; true as well where a stop came before that was known.
   */
  async hasTopic(): Promise<boolean> {
    const { topic } = this.#options;
    const found = await this.#persist(
      async () => ({ layout: await describeTopic(this.#admin, topic) }),
      this.#stopped,
    );
    return !found || found.layout !== undefined;
  }

  readonly #stopped = () => this.#stopping.aborted;

  #lookUp(over: () => boolean) {
    const { topic, group, from } = this.#options;
    const isNewGroup = this.#isNewGroup;
    return this.#persist(
      () => startingOffsets(this.#admin, { topic, group, from, isNewGroup }),
      over,
    );
  }

  /** Does something with Kafka until it works or is over. A rebalance ends it too: what follows begins anew. */
  async #persist<T>(
    work: () => Promise<T>,
    over: () => boolean,
  ): Promise<T | undefined> {
    try {
      return await throughOutages(work, {
        isOutage: isKafkaOutage,
        signal: this.#stopping,
        over,
      });
    } catch (error) {
      if (isRebalance(error)) return undefined;
      throw error;
    }
  }
}
