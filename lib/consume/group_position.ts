/**
 * Where a consumer group stands in a topic, from the view of one of its members.
 *
 * @module
 */

import type { Admin } from "../kafka/admin.ts";
import type { Consumer } from "../kafka/consumer.ts";
import { isKafkaOutage, isRebalance, isUnanswered } from "../kafka/errors.ts";
import { describeTopic } from "../kafka/topic.ts";
import { pause } from "../base/pause.ts";
import { type OutageOptions, throughOutages } from "../base/retry.ts";
import type { OffsetStore } from "./offset_store.ts";
import type { LoopOptions } from "./options.ts";
import {
  describeGap,
  describeLostOffsets,
  type StartingOffset,
  startingOffsets,
} from "./starting_offsets.ts";

/** For how long the coordinator may still take a commit whose connection has ended, and after the next one, in milliseconds. */
const LATE_COMMIT_MS = 1_000;

/** When a wait is over, and what hears of its begin. */
type Wait = Pick<OutageOptions, "over" | "begins">;

/** Looks up a group's position, sets it if there is none, and reports what is gone. */
export class GroupPosition {
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #options: LoopOptions;
  readonly #kafkaOffsets: OffsetStore;
  readonly #offsets: OffsetStore;
  readonly #stopping: AbortSignal;
  /** Where the group stood before this member joined it: kafkajs overwrites an offset that is gone as soon as it has. */
  #captured: ReadonlyMap<number, StartingOffset> | undefined;
  /** Whether the group had no offset in the topic when this member came, and has got none from it. */
  #isNewGroup = true;
  /** When this member came, in milliseconds since the epoch. */
  #cameAt = 0;
  /** Partitions that had no leader when a new group was to begin at the end. */
  readonly #late = new Set<number>();
  /** Whether this member has saved an offset in the topic: Kafka's are deleted with the topic, and only with it. */
  #hasSaved = false;
  /** When no commit of this generation can be late any more, in milliseconds since the epoch. */
  #settledAt = 0;

  constructor(
    clients: { readonly consumer: Consumer; readonly admin: Admin },
    options: LoopOptions & { readonly signal: AbortSignal },
  ) {
    const { consumer, admin } = clients;
    const { group, topic, offsets, signal } = options;
    this.#consumer = consumer;
    this.#admin = admin;
    this.#options = options;
    this.#stopping = signal;
    this.#kafkaOffsets = {
      load: () => admin.committedOffsets(group, topic),
      save: (positions, note) => consumer.commit(positions, note),
    };
    this.#offsets = offsets?.(this.#kafkaOffsets) ?? this.#kafkaOffsets;
  }

  /** Saves offsets: those of the next messages to be read. */
  async save(positions: ReadonlyMap<number, bigint>): Promise<void> {
    try {
      await this.#offsets.save(positions);
    } catch (error) {
      if (isUnanswered(error)) this.#settledAt = Date.now() + LATE_COMMIT_MS;
      throw error;
    }
    this.#hasSaved = true;
    this.#isNewGroup = false;
  }

  /** Waits until the coordinator can't get a commit late any more that would go before the next one. */
  async settled(): Promise<void> {
    const unsettledMs = this.#settledAt - Date.now();
    if (unsettledMs > 0) await pause(unsettledMs);
  }

  /** Begins a new generation of the group, in which the coordinator refuses what comes late. */
  renew(): void {
    this.#settledAt = 0;
  }

  /** Looks up where the group stands before this member joins it. The observer is called with the reason if it has to wait for that. */
  async captureCommitted(waits: (reason: unknown) => void): Promise<void> {
    this.#cameAt = Date.now();
    this.#captured = await this.#lookUp({
      over: this.#stopped,
      begins: waits,
    });
    this.#isNewGroup = [...this.#captured?.values() ?? []]
      .every(({ committed }) => committed === undefined);
  }

  /**
   * Finds where to begin in each partition, reports what is gone, and saves the position if the group had none yet, or another one in
   * Kafka: a group that begins at the end keeps its place from now on, whatever the next rebalance brings.
   *
   * @param over Whether the group has given out its partitions again meanwhile.
   * @returns The position in each partition of the topic; undefined if it was over first, or a rebalance refused the save.
   */
  async resolveStartOffsets(
    partitions: readonly number[],
    over: () => boolean,
  ): Promise<ReadonlyMap<number, StartingOffset> | undefined> {
    const { topic, from, notify, offsets } = this.#options;
    const isAtEnd = this.#isNewGroup && from === "latest";
    const found = await this.#lookUp({ over });
    if (!found) return undefined;
    // A member that was killed may have saved in its own place, and not in Kafka, where the lag comes from.
    const inKafka = offsets && await this.#persist(
      () => this.#kafkaOffsets.load(partitions),
      { over },
    );
    // The next one may be at work by now: it knows better where it is.
    if (over()) return undefined;
    const captured = this.#captured;
    this.#captured = undefined;
    const places = new Map<number, bigint>();
    for (const partition of partitions) {
      const start = found.get(partition);
      if (!start) {
        if (isAtEnd) this.#late.add(partition);
        continue;
      }
      const committed = start.committed ?? captured?.get(partition)?.committed;
      const lost = describeLostOffsets({ topic, partition }, {
        ...start,
        committed,
      });
      if (lost) notify?.(lost);
      const isNew = start.committed === undefined;
      // kafkajs begins at Kafka's offset, which may be an earlier one, or at the start; at the end it would begin at a later end.
      if (offsets || isNew && from === "latest") {
        this.#consumer.seek(partition, start.offset);
      }
      const isBehind = start.committed === start.offset &&
        inKafka !== undefined && inKafka.get(partition) !== start.offset;
      if (isNew || isBehind) places.set(partition, start.offset);
    }
    if (places.size === 0) return found;
    const saved = await this.#persist(async () => {
      await this.settled();
      if (over()) return undefined;
      await this.save(places);
      return found;
    }, { over });
    if (!saved && isAtEnd) {
      // The next start would take a later end.
      for (const partition of places.keys()) this.#late.add(partition);
    }
    return saved;
  }

  /**
   * Determines whether a partition no longer has what comes after the message that was read last, and reports which messages retention
   * has removed before those that were fetched now.
   */
  async isGone(
    partition: number,
    gap: { readonly from: bigint; readonly to: bigint },
  ): Promise<boolean> {
    const { topic, notify } = this.#options;
    const ranges = await this.#persist(
      () => this.#admin.offsetRanges(topic),
      { over: this.#stopped },
    );
    const range = ranges?.get(partition);
    if (!range) return false;
    if (range.low > gap.from) notify?.(describeGap({ topic, partition }, gap));
    return range.low > gap.from || range.high < gap.from;
  }

  /**
   * Goes back to the start of the topic if it was deleted and created again. kafkajs would read on at the old offset, and skip
   * everything before it.
   *
   * @returns Where reading goes on in each partition; empty if the topic is the same.
   */
  async resetIfRecreated(
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, bigint>> {
    const lows = new Map<number, bigint>();
    if (!this.#hasSaved || partitions.length === 0) return lows;
    const { topic, notify } = this.#options;
    const kept = await this.#persist(
      () => this.#kafkaOffsets.load(partitions),
      { over: this.#stopped },
    );
    if (!kept || partitions.some((partition) => kept.has(partition))) {
      return lows;
    }
    const found = await this.#persist(
      () => this.#admin.offsetRanges(topic),
      { over: this.#stopped },
    );
    if (!found) return lows;
    notify?.(
      `Topic '${topic}' was deleted and created again while this consumer was away. Going on at its start.`,
    );
    for (const partition of partitions) {
      const { low } = found.get(partition) ?? { low: 0n };
      lows.set(partition, low);
      this.#consumer.seek(partition, low);
    }
    return lows;
  }

  /** Looks up whether the topic exists. Returns whether it does; true as well if a stop came before that was known. */
  async hasTopic(): Promise<boolean> {
    const { topic } = this.#options;
    const found = await this.#persist(
      async () => ({ layout: await describeTopic(this.#admin, topic) }),
      { over: this.#stopped },
    );
    return !found || found.layout !== undefined;
  }

  readonly #stopped = () => this.#stopping.aborted;

  #lookUp(wait: Wait) {
    const { topic, from } = this.#options;
    const isNewGroup = this.#isNewGroup;
    const offsets = this.#offsets;
    return this.#persist(
      async () => {
        const query = { topic, offsets, from, isNewGroup };
        const starts = await startingOffsets(this.#admin, query);
        if (this.#late.size > 0) await this.#beginWhereCame(starts);
        return starts;
      },
      wait,
    );
  }

  /** Begins where the end was when this member came: a producer may have waited for the leader as well, and its messages are new. */
  async #beginWhereCame(starts: Map<number, StartingOffset>): Promise<void> {
    const { topic } = this.#options;
    const found = await this.#admin.offsetsAt(topic, this.#cameAt);
    for (const partition of this.#late) {
      const start = starts.get(partition);
      const offset = found.get(partition);
      if (start?.committed !== undefined) this.#late.delete(partition);
      else if (start && offset !== undefined) {
        starts.set(partition, { ...start, offset });
      } else starts.delete(partition);
    }
  }

  /** Repeats work with Kafka until it succeeds or is over. A rebalance ends it too: it is done again after that. */
  async #persist<T>(
    work: () => Promise<T>,
    wait: Wait,
  ): Promise<T | undefined> {
    try {
      return await throughOutages(work, {
        isOutage: isKafkaOutage,
        signal: this.#stopping,
        ...wait,
      });
    } catch (error) {
      if (isRebalance(error)) return undefined;
      throw error;
    }
  }
}
