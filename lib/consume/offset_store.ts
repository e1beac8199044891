/**
 * Where a group's offsets are kept.
 *
 * @module
 */

import { HandlerStop } from "../base/errors.ts";

/**
 * Another member has moved an offset that this one was about to move: it no longer has the partition. What a handler throws it for
 * is undone, and reading goes on where the store says.
 */
export class OffsetMovedError extends HandlerStop {
  /** The class's name, in stack traces. */
  override name = "OffsetMovedError";
}

/** A place for the offsets of a group in a topic. */
export interface OffsetStore {
  /** Loads the group's offsets. Returns, by partition, the offset of the next message to be read. Partitions without one are left out. */
  load(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>;
  /**
   * Saves the group's offsets.
   *
   * @param positions By partition: the offset of the next message to be read.
   * @param note A text to be kept with them in Kafka (`metadata`), for other tools.
   */
  save(positions: ReadonlyMap<number, bigint>, note?: string): Promise<void>;
}
