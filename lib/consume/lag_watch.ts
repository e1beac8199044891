/**
 * How far a group is behind in the partitions that it has given to this member.
 *
 * @module
 */

import type { Admin } from "../kafka/admin.ts";
import type { LoopOptions } from "./options.ts";

const INTERVAL_MS = 5_000;

/**
 * Looks up the lag now and then: what the brokers say, whatever the handler does meanwhile. It is what `kafka-consumer-groups` shows:
 * messages that are not committed, also where a store keeps the offsets and copies them to Kafka.
 */
export class LagWatch implements Disposable {
  readonly #admin: Admin;
  readonly #options: LoopOptions;
  #partitions: readonly number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking = false;

  /** Makes it. It looks from {@linkcode LagWatch.watch} on. */
  constructor(
    admin: Admin,
    options: LoopOptions,
  ) {
    this.#admin = admin;
    this.#options = options;
  }

  /** Sets which partitions are this member's, and begins to look. */
  watch(partitions: readonly number[]): void {
    this.#partitions = partitions;
    this.#timer ??= setInterval(() => this.#look(), INTERVAL_MS);
    this.#look();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#partitions = [];
  }

  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    // While Kafka is away, the last lags stay.
    this.#report().catch(() => {}).finally(() => this.#looking = false);
  }

  async #report(): Promise<void> {
    const { topic, group, from, telemetry } = this.#options;
    const [ranges, committed] = await Promise.all([
      this.#admin.offsetRanges(topic),
      this.#admin.committedOffsets(group, topic),
    ]);
    const lags = new Map<number, number>();
    for (const partition of this.#partitions) {
      const range = ranges.get(partition);
      if (!range) continue;
      const { low, high } = range;
      const next = committed.get(partition) ?? (from === "latest" ? high : low);
      // Retention may have removed what is not committed.
      const behind = high - (next > low ? next : low);
      lags.set(partition, Math.max(Number(behind), 0));
    }
    telemetry?.lagging(lags);
  }
}
