/**
 * Counts the records of an inflated batch, before each of them becomes an object.
 *
 * @module
 */

import { DamagedDataError } from "./damage.ts";

/**
 * Checks that inflated data holds exactly so many records, one behind the other.
 *
 * @param data The inflated data.
 * @param expected How many records the batch's header tells of.
 * @throws {DamagedDataError} If it holds more or fewer, or the last one is cut off.
 */
export function checkRecordCount(data: Uint8Array, expected: number): void {
  let at = 0;
  let count = 0;
  while (at < data.length) {
    let length = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at === data.length || shift > 28) {
        throw new DamagedDataError("a record in it has no length");
      }
      byte = data[at++] as number;
      length |= (byte & 0x7f) << shift;
    }
    // Zigzag: the sign is in the last bit.
    length = (length >>> 1) ^ -(length & 1);
    if (length < 0 || at + length > data.length) {
      throw new DamagedDataError("a record in it is cut off");
    }
    at += length;
    count++;
  }
  if (count !== expected) {
    throw new DamagedDataError(
      `it holds ${count} records, where its header tells of ${expected}`,
    );
  }
}
