/**
 * Where a group's offsets are kept.
 *
 * @module
 */

/** A place for the offsets of a group in a topic. */
export interface OffsetStore {
  /**
   * Loads the group's offsets.
   *
   * @param partitions The partitions.
   * @returns By partition: the offset of the next message to be read. Partitions without one are left out.
   */
  load(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>;
  /**
   * Saves the group's offsets.
   *
   * @param positions By partition: the offset of the next message to be read.
   */
  save(positions: ReadonlyMap<number, bigint>): Promise<void>;
}
