/**
 * What is in Kafka and not in the store, while the store stands still.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import type { Pipeline } from "./pipeline.ts";

/** For how long nothing has to be stored until that counts as standing still, in milliseconds. */
const STILL_MS = 5_000;

interface Position {
  readonly topic: string;
  readonly partition: number | string;
  readonly next: number | string;
}

/** Watches whether the store goes on. */
export class StoreLag {
  readonly #pipeline: Pipeline;
  #version = "";
  #since = 0;

  /** Makes it. */
  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /**
   * Counts the messages that the store has still to read.
   *
   * @param version Where the store stands: see {@linkcode StoreReader.version}.
   * @returns How many; 0 while it goes on, or Kafka doesn't say.
   */
  async behind(version: string): Promise<number> {
    if (version !== this.#version) {
      this.#version = version;
      this.#since = Date.now();
    }
    if (Date.now() - this.#since < STILL_MS) return 0;
    try {
      return await this.#count(JSON.parse(version));
    } catch (error) {
      // Of Kafka the page hears otherwise; and this user may not know a topic's offsets.
      if (error instanceof PipelineError) return 0;
      throw error;
    }
  }

  #count(positions: readonly Position[]): Promise<number> {
    const topics = Map.groupBy(positions, ({ topic }) => topic);
    return this.#pipeline.ask(
      (kafka) => kafka.catalog(),
      async (catalog) => {
        let behind = 0n;
        for (const [topic, rows] of topics) {
          const ranges = await catalog.ranges(topic);
          for (const { partition, next } of rows) {
            const end = ranges?.get(Number(partition))?.high ?? 0n;
            if (end > BigInt(next)) behind += end - BigInt(next);
          }
        }
        return Number(behind);
      },
    );
  }
}
