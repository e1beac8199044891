/**
 * Splits a stream of bytes into lines, without ever holding more than one line and one chunk.
 *
 * @module
 */

/** A place in a file. */
export interface FilePlace {
  /** The number of bytes before it. */
  readonly offset: number;
  /** The number of lines before it. */
  readonly line: number;
  /** Whether the last of these lines has no line break before the place. */
  readonly open?: boolean;
}

/** One line of a stream. */
export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** Its bytes, without the line break; nothing where it is longer than the limit. */
  readonly bytes: Uint8Array | undefined;
  /** The number of bytes from the stream's start to the start of the next line. */
  readonly end: number;
  /** Whether it has no line break yet: it is the last one, and more of it may come. */
  readonly open: boolean;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isBreak(parts: readonly Uint8Array[]): boolean {
  return parts.every((part) => part.every((byte) => byte === CARRIAGE_RETURN));
}

/**
 * Splits a stream of bytes at line feeds; a carriage return before one belongs to the break. A last line needs no break.
 *
 * @param stream The bytes.
 * @param limit The longest line that is kept, in bytes. A longer one is passed over and comes without its bytes.
 * @param start What lies before the stream, where it begins in the middle of something: bytes and lines.
 * @returns The lines, one after the other.
 */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  limit: number,
  start: FilePlace = {
    offset: 0,
    line: 0,
  },
): AsyncGenerator<Line, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = start.line;
  let end = start.offset;
  let rest = start.open ?? false;
  const take = (open: boolean): Line => {
    let bytes = length > limit + 1 ? undefined : join(parts, length);
    if (bytes?.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
    if (bytes && bytes.length > limit) bytes = undefined;
    parts = [];
    length = 0;
    return { number: ++number, bytes, end, open };
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    end += part.length;
    // One more than the limit: the last may be a carriage return, which doesn't count.
    if (length <= limit + 1) parts.push(part);
    else parts = [];
  };
  for await (const chunk of stream) {
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
