/**
 * What consumers of one group have shown, held against what the group has committed and what is in the topic.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Config } from "../../../lib/settings/config.ts";
import { committedOffsets, type JsonRecord } from "../../support/topics.ts";
import type { Bench } from "../../support/integration.ts";
import { placeOf, topicEnds } from "./topic_log.ts";
import { WatchedTask, type WatchOptions } from "./watched_task.ts";

/** Where a task runs. */
export interface TaskPlace extends WatchOptions {
  /** Where Kafka and the registry are for it. */
  readonly config: Config;
}

/** Everything that was consumed from a topic, over all runs of a group. */
export class Consumption {
  readonly #bench: Bench;
  /** How often each place was shown. */
  readonly #shown = new Map<string, number>();
  /** By partition, the offset behind the last one that was shown. */
  readonly #positions = new Map<number, number>();
  /** By partition, what the group had committed when a consumer was killed last. */
  #committed: ReadonlyMap<number, number> = new Map();
  #lines = 0;
  #strange = 0;

  /** @param bench The test's bench. */
  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** How many orders were shown, each as often as it was. */
  get lines(): number {
    return this.#lines;
  }

  /** How many places were shown. */
  get distinct(): number {
    return this.#shown.size;
  }

  /** How many orders were shown that had been shown before. */
  get duplicated(): number {
    return this.#lines - this.#shown.size;
  }

  /** How many orders were shown again although they had been committed. */
  get strange(): number {
    return this.#strange;
  }

  /**
   * Notes an order that was shown.
   *
   * @param place Where it was.
   */
  note(place: { readonly partition: number; readonly offset: string }): void {
    const { partition, offset } = place;
    const name = placeOf(place);
    this.#lines++;
    const committed = this.#committed.get(partition) ?? 0;
    if (this.#shown.has(name) && Number(offset) < committed) this.#strange++;
    this.#shown.set(name, (this.#shown.get(name) ?? 0) + 1);
    this.#positions.set(
      partition,
      Math.max(this.#positions.get(partition) ?? 0, Number(offset) + 1),
    );
  }

  /**
   * Starts a consumer of the group.
   *
   * @param args Its arguments besides topic and group.
   * @param onRecord Is told of each order that it shows.
   * @param place Where it runs, and where it finds Kafka and the registry. By default as the test does.
   * @returns The consumer.
   */
  start(
    args: readonly string[] = [],
    onRecord: (record: JsonRecord) => void = () => {},
    place: TaskPlace = { config: this.#bench.config },
  ): WatchedTask {
    const { topic, group } = this.#bench;
    return new WatchedTask(
      place.config,
      "consume",
      [`--topic=${topic}`, `--group=${group}`, "--json", ...args],
      (line) => {
        const record: JsonRecord = JSON.parse(line);
        this.note(record);
        onRecord(record);
      },
      place,
    );
  }

  /**
   * Looks what the group has committed, after a consumer was killed and its output read to the end.
   *
   * @returns How many orders were processed since the last commits: so many may come again.
   * @throws {Error} If something is committed that was not shown.
   */
  async settle(): Promise<number> {
    const committed = new Map(
      Object.entries(await committedOffsets(this.#bench))
        .map(([partition, offset]) => [Number(partition), offset]),
    );
    for (const [partition, offset] of committed) {
      const position = this.#positions.get(partition) ?? 0;
      assert(
        offset <= position,
        `committed ahead: ${offset} in partition ${partition}, of which ${position} were processed`,
      );
    }
    this.#committed = committed;
    let open = 0;
    for (const [partition, position] of this.#positions) {
      open += position - (committed.get(partition) ?? 0);
    }
    return open;
  }

  /**
   * Counts what is in the topic and was never shown.
   *
   * @returns How many orders are lost.
   */
  async lost(): Promise<number> {
    const ends = await topicEnds(this.#bench.config, this.#bench.topic);
    let lost = 0;
    for (const [partition, end] of Object.entries(ends)) {
      for (let offset = 0; offset < end; offset++) {
        if (!this.#shown.has(`${partition}:${offset}`)) lost++;
      }
    }
    return lost;
  }
}
