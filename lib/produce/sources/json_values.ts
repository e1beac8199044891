/**
 * Splits JSON into the elements of an array, or into values that follow each other, in any layout.
 *
 * @module
 */

import { PipelineError } from "../../base/errors.ts";
import {
  concat,
  FILE_START,
  type FileRecord,
  type SplitOptions,
} from "./record.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Follows a value to its end, without looking at what is in it. */
class ValueScanner {
  #depth = 0;
  #quoted = false;
  #escaped = false;
  #isScalar = false;

  /** Whether it is a number or a literal: the end of the bytes ends it too. */
  get isScalar(): boolean {
    return this.#isScalar;
  }

  begin(): void {
    this.#depth = 0;
    this.#quoted = this.#escaped = this.#isScalar = false;
  }

  /** Finds where the value ends; -1 if it doesn't end in these bytes. */
  findEnd(data: Uint8Array, from: number): number {
    for (let at = from; at < data.length; at++) {
      const byte = data[at] as number;
      if (this.#escaped) this.#escaped = false;
      else if (this.#quoted) {
        if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#quoted = false;
          if (this.#depth === 0) return at + 1;
        }
      } else if (byte === QUOTE && !this.#isScalar) this.#quoted = true;
      else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
        this.#depth++;
      } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
        if (this.#depth === 0) return at;
        if (--this.#depth === 0) return at + 1;
      } else if (this.#depth === 0) {
        if (byte === COMMA || isSpace(byte)) return at;
        this.#isScalar = true;
      }
    }
    return -1;
  }
}

/** What may come next, between two values, by what came last: marks or a value, and what each leads to. */
const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  start: { "[": "opened", value: "values" },
  values: { value: "values" },
  opened: { value: "element", "]": "closed" },
  element: { ",": "comma", "]": "closed" },
  comma: { value: "element" },
  closed: {},
  // Whatever can stand behind a value: a resumed run has not seen the beginning.
  resumed: { ",": "comma", "]": "closed", value: "values" },
};
/** Where an array has no end yet. */
const WITHIN_ARRAY: readonly string[] = ["opened", "element", "comma"];
/** What no value begins with. */
const NO_BEGINNING = ",]}";

/**
 * Splits a stream of bytes into JSON values: the elements of one array, or values that follow each other.
 *
 * @throws {PipelineError} If the array or the last value has no end, or what stands between two values can't be there.
 */
export async function* splitValues(
  chunks: AsyncIterable<Uint8Array>,
  { limitBytes, start = FILE_START }: SplitOptions,
): AsyncGenerator<FileRecord, void, undefined> {
  const scanner = new ValueScanner();
  let state = start.line > 0 ? "resumed" : "start";
  let number = start.line;
  /** Where the data in hand begins in the file. */
  let base = start.offset;
  /** What the data before had of the value in hand; undefined between two values. */
  let parts: Uint8Array[] | undefined;
  let length = 0;
  const broken = (problem: string, at: number) =>
    new PipelineError(
      `The JSON ${problem} at byte ${at + 1}, behind element ${number}`,
    );
  const take = (part: Uint8Array, end: number, open: boolean): FileRecord => {
    keep(part);
    const bytes = length > limitBytes ? undefined : concat(parts ?? []);
    parts = undefined;
    return { number: ++number, bytes, end, open };
  };
  const keep = (part: Uint8Array) => {
    length += part.length;
    if (length > limitBytes) parts = [];
    else parts?.push(part);
  };

  for await (const data of chunks) {
    let at = 0;
    while (at < data.length) {
      if (!parts) {
        const byte = data[at] as number;
        const mark = String.fromCharCode(byte);
        const next = isSpace(byte) ? state : NEXT[state]?.[mark];
        if (next) {
          state = next;
          at++;
          continue;
        }
        const after = NEXT[state]?.["value"];
        if (!after || NO_BEGINNING.includes(mark)) {
          throw broken("is broken", base + at);
        }
        state = after;
        parts = [];
        length = 0;
        scanner.begin();
      }
      const end = scanner.findEnd(data, at);
      if (end < 0) {
        keep(data.subarray(at));
        break;
      }
      yield take(data.subarray(at, end), base + end, false);
      at = end;
    }
    base += data.length;
  }
  if (parts && scanner.isScalar) yield take(new Uint8Array(), base, true);
  else if (parts) throw broken("ends within a value", base);
  if (WITHIN_ARRAY.includes(state)) {
    throw broken("ends before its array does", base);
  }
}
