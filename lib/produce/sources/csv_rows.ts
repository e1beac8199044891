/**
 * Splits CSV (RFC 4180) into rows, and a row into its fields.
 *
 * A parser of our own: no package gives a row's own bytes and its place in the file, which a rejected row and a resumed run need;
 * none of the strict ones is fast enough; and none continues after a quote that is never closed, as its field takes in all rows
 * that follow.
 *
 * @module
 */

import { type Line, splitLines } from "./lines.ts";
import {
  concat,
  FILE_START,
  type FileRecord,
  type SplitOptions,
} from "./record.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;

const NOT_CLOSED = "A quote is never closed";

/** What is wrong with a row, by where its last line leaves it: at its end, within a quoted field, or with a quote that can't be there. */
const PROBLEM = {
  closed: undefined,
  quoted: NOT_CLOSED,
  stray: "A field with a quote in it must be quoted, and the quote doubled",
} as const;

/** Follows the quotes of one line, which may begin within a quoted field. */
function followQuotes(
  line: Uint8Array,
  isQuoted: boolean,
): keyof typeof PROBLEM {
  let quoted = isQuoted;
  let at = line.indexOf(QUOTE);
  let fieldStart = !quoted && (at === 0 || line[at - 1] === COMMA);
  for (; at >= 0 && at < line.length; at++) {
    const byte = line[at];
    if (byte !== QUOTE) {
      fieldStart = !quoted && byte === COMMA;
    } else if (!quoted) {
      if (!fieldStart) return "stray";
      quoted = true;
    } else if (line[at + 1] === QUOTE) {
      at++;
    } else {
      quoted = false;
      fieldStart = false;
      if (at + 1 < line.length && line[at + 1] !== COMMA) return "stray";
    }
  }
  return quoted ? "quoted" : "closed";
}

/**
 * Splits a stream of bytes into rows. A line break within quotes belongs to its field. A last row needs no line break.
 *
 * A quote that is never closed, or not doubled, makes only its own line a bad row: the line that follows begins another one.
 */
export async function* splitRows(
  chunks: AsyncIterable<Uint8Array>,
  options: SplitOptions,
): AsyncGenerator<FileRecord, void, undefined> {
  const { limitBytes, start = FILE_START } = options;
  const tooFar = `A quote is not closed within ${limitBytes} bytes`;
  let number = start.line;
  /** The lines of a row whose last field is not closed yet, and how long they are together. */
  let held: Line[] = [];
  let length = 0;
  /** Takes the next line: a row ends with it, or goes on. */
  const take = (line: Line): FileRecord[] => {
    const { bytes, end, open } = line;
    const state = bytes ? followQuotes(bytes, held.length > 0) : "closed";
    const isLong = length + (bytes?.length ?? Infinity) > limitBytes;
    if (state === "quoted" && !open && !isLong) {
      held.push(line);
      length += (bytes?.length ?? 0) + line.breakBytes.length;
      return [];
    }
    if (held.length > 0 && (state !== "closed" || isLong)) {
      const problem = isLong ? tooFar : NOT_CLOSED;
      return [...release(problem, open && state === "quoted"), ...take(line)];
    }
    const parts = held.flatMap((one) => [one.bytes, one.breakBytes]);
    const row = bytes && concat([...parts as Uint8Array[], bytes]);
    [held, length] = [[], 0];
    return [
      { number: ++number, bytes: row, end, open, problem: PROBLEM[state] },
    ];
  };
  /** Makes the first of the lines in hand a bad row. None of the others can begin one that goes on: their quotes are even. */
  const release = (problem: string, open: boolean): FileRecord[] => {
    const [{ bytes, end }, ...others] = held as [Line, ...Line[]];
    [held, length] = [[], 0];
    return [
      { number: ++number, bytes, end, open, problem },
      ...others.flatMap(take),
    ];
  };
  for await (const line of splitLines(chunks, options)) {
    for (const row of take(line)) yield row;
  }
  if (held.length > 0) yield* release(NOT_CLOSED, true);
}

/** A field of a row. */
export interface CsvField {
  /** Its text, without the quotes. */
  readonly text: string;
  readonly quoted: boolean;
}

/** Splits a row, known to have its quotes where they can be, into its fields. */
export function splitFields(row: string): CsvField[] {
  const fields: CsvField[] = [];
  for (let at = 0;; at++) {
    if (row.charCodeAt(at) !== QUOTE) {
      const comma = row.indexOf(",", at);
      const end = comma < 0 ? row.length : comma;
      fields.push({ text: row.slice(at, end), quoted: false });
      at = end;
    } else {
      const from = ++at;
      for (;; at += 2) {
        at = row.indexOf('"', at);
        if (row.charCodeAt(at + 1) !== QUOTE) break;
      }
      const text = row.slice(from, at).replaceAll('""', '"');
      fields.push({ text, quoted: true });
      at++;
    }
    if (at >= row.length) return fields;
  }
}
