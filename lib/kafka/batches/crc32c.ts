/**
 * CRC-32C, the checksum of Kafka's record batches. What Node and Deno have inside is another polynomial's.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/rfc3720#appendix-B.4}
 * @module
 */

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
/** How many bytes are taken at a time: with 4, checking the batches takes 5 % of a consumer's time instead of 2 %. */
const SLICES = 16;

/** One table of 256 entries for each slice, one behind the other. */
function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    }
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

let tables: Int32Array | undefined;

/** Computes the checksum of bytes. Returns the checksum, from 0 to 2^32 - 1. */
export function crc32c(data: Uint8Array): number {
  const table = tables ??= makeTables();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const slice = (word: number, first: number) =>
    (table[first + 768 + (word & 0xff)] as number) ^
    (table[first + 512 + ((word >>> 8) & 0xff)] as number) ^
    (table[first + 256 + ((word >>> 16) & 0xff)] as number) ^
    (table[first + (word >>> 24)] as number);
  let crc = -1;
  let at = 0;
  for (; at + SLICES <= data.length; at += SLICES) {
    crc = slice(crc ^ view.getInt32(at, true), 3072) ^
      slice(view.getInt32(at + 4, true), 2048) ^
      slice(view.getInt32(at + 8, true), 1024) ^
      slice(view.getInt32(at + 12, true), 0);
  }
  for (; at < data.length; at++) {
    crc = (crc >>> 8) ^ (table[(crc ^ view.getUint8(at)) & 0xff] as number);
  }
  return ~crc >>> 0;
}
