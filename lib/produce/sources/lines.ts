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

/** A line. */
export interface Line extends FileRecord {
  /** Its line break; empty if the file ends without one. */
  readonly breakBytes: Uint8Array;
}

const BREAKS = [
  Uint8Array.of(LINE_FEED),
  Uint8Array.of(CARRIAGE_RETURN, LINE_FEED),
] as const;
const NO_BREAK = new Uint8Array();

function isBreak(parts: readonly Uint8Array[]): boolean {
  return parts.every((part) => part.every((byte) => byte === CARRIAGE_RETURN));
}

/** Splits a stream of bytes at line feeds; a carriage return before one belongs to the break. A last line needs no break. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  { limitBytes, start = FILE_START }: SplitOptions,
): AsyncGenerator<Line, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = start.line;
  let end = start.offset;
  let isBehindLine = start.line > 0;
  const take = (open: boolean): Line => {
    let bytes = length > limitBytes + 1 ? undefined : concat(parts);
    const hasReturn = bytes?.at(-1) === CARRIAGE_RETURN;
    if (hasReturn) bytes = bytes?.subarray(0, -1);
    if (bytes && bytes.length > limitBytes) bytes = undefined;
    parts = [];
    length = 0;
    const breakBytes = open ? NO_BREAK : BREAKS[hasReturn ? 1 : 0];
    return {
      number: ++number,
      bytes,
      end: end - breakBytes.length,
      open,
      breakBytes,
    };
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
      // What comes first is the break of the line before the start.
      if (isBehindLine && isBreak(parts)) parts = [], length = 0;
      else yield take(false);
      isBehindLine = false;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  if (length > 0) yield take(true);
}
