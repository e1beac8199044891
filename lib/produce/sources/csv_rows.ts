/**
 * Splits CSV (RFC 4180) into rows, and a row into its fields.
 *
 * A parser of our own: no package gives a row's own bytes and its place in the file, which a rejected row and a resumed run need;
 * none of the strict ones is fast enough; and none continues after a quote that is never closed, as its field takes in all rows
 * that follow.
 *
 * @module
 */

import { FILE_START, type FileRecord, type SplitOptions } from "./record.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

const NOT_CLOSED = "A quote is never closed";
const STRAY =
  "A field with a quote in it must be quoted, and the quote doubled";

/** Where the end of a line leaves a row: at its end, within a quoted field, or with a quote that can't be there. */
type LineState = "closed" | "quoted" | "stray";

/**
 * Follows the quotes of one line.
 *
 * @param line Where the line begins and ends, without its line feed, and whether it begins within a quoted field.
 * @returns Where its end leaves the row.
 */
function followQuotes(
  data: Uint8Array,
  line: {
    readonly from: number;
    readonly to: number;
    readonly quoted: boolean;
  },
): LineState {
  const end = line.to > line.from && data[line.to - 1] === CARRIAGE_RETURN
    ? line.to - 1
    : line.to;
  let quoted = line.quoted;
  let fieldStart = !quoted;
  for (let at = line.from; at < end; at++) {
    const byte = data[at];
    if (byte !== QUOTE) {
      fieldStart = !quoted && byte === COMMA;
    } else if (!quoted) {
      if (!fieldStart) return "stray";
      quoted = true;
    } else if (at + 1 < end && data[at + 1] === QUOTE) {
      at++;
    } else {
      quoted = false;
      fieldStart = false;
      if (at + 1 < end && data[at + 1] !== COMMA) return "stray";
    }
  }
  return quoted ? "quoted" : "closed";
}

/**
 * Splits a stream of bytes into rows. A line break within quotes belongs to its field. A last row needs no line break.
 *
 * A quote that is never closed, or not doubled, makes only its own line a bad row: the line that follows begins another one.
 *
 * @param options The longest row, and where the bytes begin.
 * @returns The rows, one after the other, blank lines among them.
 */
export async function* splitRows(
  chunks: AsyncIterable<Uint8Array>,
  { limitBytes, start = FILE_START }: SplitOptions,
): AsyncGenerator<FileRecord, void, undefined> {
  const tooFar = `A quote is not closed within ${limitBytes} bytes`;
  let number = start.line;
  /** The end of the last run's last row, if its line break has come since. */
  let rest = start.open ?? false;
  let data: Uint8Array = new Uint8Array();
  /** Where `data` begins in the file. */
  let base = start.offset;
  /** Where the row begins in `data`, where its first line ends, and where the line in hand begins. */
  let row = 0;
  let firstBreak = -1;
  let line = 0;
  let quoted = false;
  /** Where the next quote is, at or after `line`; past all data if there is none. */
  let nextQuote = 0;
  /** Whether the beginning of the line in hand has been dropped, as it is too long. */
  let overlong = false;

  const take = (
    to: number,
    next: number,
    facts: Pick<FileRecord, "open" | "problem">,
  ): FileRecord => {
    const end = to > row && data[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    const bytes = overlong || end - row > limitBytes
      ? undefined
      : data.subarray(row, end);
    row = line = next;
    firstBreak = -1;
    quoted = overlong = false;
    return { number: ++number, bytes, end: base + next, ...facts };
  };
  /** Makes the first line of the row in hand a bad row. */
  const takeFirstLine = (problem: string, open: boolean): FileRecord => {
    const taken = take(firstBreak, firstBreak + 1, { open, problem });
    nextQuote = row;
    return taken;
  };
  /** Takes the rows that end in the data in hand. */
  function* rows(isLast: boolean): Generator<FileRecord> {
    while (line < data.length || isLast && row < data.length) {
      const found = data.indexOf(LINE_FEED, line);
      if (found < 0 && !isLast) {
        if (firstBreak < 0 || data.length - row <= limitBytes + 1) return;
        yield takeFirstLine(tooFar, false);
        continue;
      }
      const to = found < 0 ? data.length : found;
      if (nextQuote < line) nextQuote = line;
      if (nextQuote <= to && data[nextQuote] !== QUOTE) {
        const quote = data.indexOf(QUOTE, nextQuote);
        nextQuote = quote < 0 ? data.length : quote;
      }
      const state: LineState = nextQuote >= to
        ? quoted ? "quoted" : "closed"
        : followQuotes(data, { from: line, to, quoted });
      const open = found < 0;
      const isLong = to - row > limitBytes + 1;
      if (state === "quoted" && !open && !isLong && !overlong) {
        if (firstBreak < 0) firstBreak = to;
        quoted = true;
        line = to + 1;
        continue;
      }
      if (firstBreak >= 0 && (state !== "closed" || isLong)) {
        yield takeFirstLine(
          isLong ? tooFar : NOT_CLOSED,
          open && state === "quoted",
        );
        continue;
      }
      const taken = take(to, Math.min(to + 1, data.length), {
        open,
        ...(state !== "closed" &&
          { problem: state === "quoted" ? NOT_CLOSED : STRAY }),
      });
      if (rest && taken.bytes?.length === 0) number--;
      else yield taken;
      rest = false;
    }
  }

  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (firstBreak < 0 && data.length - row > limitBytes + 1) {
      // What is too long is not kept. A quote in it is forgotten with it.
      base += data.length;
      data = chunk;
      row = line = nextQuote = 0;
      overlong = true;
    } else if (row === data.length) {
      base += row;
      data = chunk;
      line = nextQuote = row = 0;
    } else {
      const kept = data.length - row;
      const joined = new Uint8Array(kept + chunk.length);
      joined.set(data.subarray(row));
      joined.set(chunk, kept);
      base += row;
      line -= row;
      if (firstBreak >= 0) firstBreak -= row;
      nextQuote = Math.max(nextQuote - row, 0);
      row = 0;
      data = joined;
    }
    yield* rows(false);
  }
  yield* rows(true);
}

/** A field of a row. */
export interface CsvField {
  /** Its text, without the quotes. */
  readonly text: string;
  /** Whether it stands in quotes. */
  readonly quoted: boolean;
}

/**
 * Splits a row into its fields.
 *
 * @param row The row's text, known to have its quotes where they can be.
 */
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
