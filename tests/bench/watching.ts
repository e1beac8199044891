/**
 * A contender's consumer that prints each event as it comes.
 *
 * @module
 */

import type { Arena, ArenaTopic } from "./arena.ts";
import { Child, type TimedLine } from "./child.ts";
import type { Contender } from "./contender.ts";

/** An event that was printed. */
export interface Sighting {
  /** When it was made, in ms since 1970. */
  readonly made: number;
  /** When its line came, in ms since 1970, with fractions. */
  readonly seen: number;
}

/** For how long nothing may come, in milliseconds. */
const SILENCE_MS = 30_000;

/** A contender's consumer that prints each event as it comes. Disposing of it kills it. */
export class Watching implements AsyncDisposable {
  /** The program. */
  readonly child: Child;
  /** The events that were printed. */
  readonly sightings: Sighting[] = [];
  #changed = Promise.withResolvers<void>();

  /**
   * Starts it, in a fresh group, at the topic's start.
   *
   * @param arena Where.
   * @param contender Who.
   * @param topic The topic.
   */
  constructor(arena: Arena, contender: Contender, topic: ArenaTopic) {
    const group = `bench-${crypto.randomUUID()}`;
    const command = contender.command(arena.stage, {
      do: "watch",
      ...topic,
      group,
    });
    this.child = new Child(command, (line) => this.#see(line));
  }

  #see({ text, at }: TimedLine): void {
    const timestamp = /"timestamp": ?"([^"]+)"/.exec(text)?.[1];
    if (timestamp === undefined) return;
    this.sightings.push({ made: Date.parse(timestamp), seen: at });
    this.#changed.resolve();
  }

  /**
   * Waits until it has printed so many events.
   *
   * @param count How many.
   * @throws {Error} If nothing comes for too long before that.
   */
  async until(count: number): Promise<void> {
    while (this.sightings.length < count) {
      this.#changed = Promise.withResolvers<void>();
      const timer = setTimeout(
        () =>
          this.#changed.reject(
            new Error(
              `nothing came for ${
                SILENCE_MS / 1_000
              } s after ${this.sightings.length} of ${count} events: ${this.child.errors}`,
            ),
          ),
        SILENCE_MS,
      );
      try {
        await this.#changed.promise;
      } finally {
        clearTimeout(timer);
      }
    }
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}
