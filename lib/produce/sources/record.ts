/**
 * What a file of events is split into, whatever its format: records that are not parsed yet.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A place in a file. */
export interface FilePlace {
  /**
   * The number of bytes before it, in the file's content: a compressed file's is what it unpacks to. The line break of the last line comes
   * after it.
   */
  readonly offset: number;
  /** The number of lines before it; of rows in CSV, of elements in JSON. */
  readonly line: number;
}

/** A record of a file: a line, a row of CSV, an element of a JSON array. */
export interface FileRecord {
  /** Its number, from 1. */
  readonly number: number;
  /** Its bytes, without the line break; undefined if it is longer than the limit. */
  readonly bytes: Uint8Array | undefined;
  /** The number of bytes from the file's start to the record's end, without the line break. */
  readonly end: number;
  /** Whether the file ends within it, or right behind it with no line break: more of it may come. */
  readonly open: boolean;
  /** What is wrong with its form; undefined if nothing is so far. */
  readonly problem?: string | undefined;
}

/** How a file is split into records. */
export interface SplitOptions {
  /** The longest record that is kept, in bytes. A longer one is passed over and comes without its bytes. */
  readonly limitBytes: number;
  /** What lies before the bytes, where they begin in the middle of a file. By default: the file's start. */
  readonly start?: FilePlace | undefined;
}

/** The start of a file. */
export const FILE_START: FilePlace = { offset: 0, line: 0 };

/** Puts the parts of a record together. Returns its bytes; a single part is not copied. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only ? only : Buffer.concat(parts);
}
