/**
 * Splits a stream of bytes into lines, without ever holding more than one line and one chunk.
 *
 * @module
 */

import {
  concat,
  FILE_START,
  type FileRecord,
  type SplitOptions,
} from "./record.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function isBreak(parts: readonly Uint8Array[]): boolean {
  return parts.every((part) => part.every((byte) => byte === CARRIAGE_RETURN));
}

/**
 * Splits a stream of bytes at line feeds; a carriage return before one belongs to the break. A last line needs no break.
 *
 * @param options The longest line, and where the bytes begin.
 * @returns The lines, one after the other.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  { limitBytes, start = FILE_START }: SplitOptions,
): AsyncGenerator<FileRecord, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = start.line;
  let end = start.offset;
  let rest = start.open ?? false;
  const take = (open: boolean): FileRecord => {
    let bytes = length > limitBytes + 1 ? undefined : concat(parts);
    if (bytes?.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
    if (bytes && bytes.length > limitBytes) bytes = undefined;
    parts = [];
    length = 0;
    return { number: ++number, bytes, end, open };
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    end += part.length;
    // One more than the limit: the last may be a carriage return, which doesn't count.
    if (length <= limitBytes + 1) parts.push(part);
    else parts = [];
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (
      let to = chunk.indexOf(LINE_FEED);
      to >= 0;
      to = chunk.indexOf(LINE_FEED, from)
    ) {
      add(chunk.subarray(from, to));
      from = to + 1;
      end++;
      // The break of the line before the start has come after it.
      if (rest && isBreak(parts)) parts = [], length = 0;
      else yield take(false);
      rest = false;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  if (length > 0) yield take(true);
}
