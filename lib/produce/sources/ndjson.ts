/**
 * A source of events from a stream with one JSON object a line (NDJSON).
 *
 * @module
 */

import { InvalidEventError } from "../../base/errors.ts";
import type { EventType } from "../../events/event_type.ts";
import { parsePayload } from "../../events/wire_format.ts";
import { lineId } from "./line_id.ts";
import { type FilePlace, splitLines } from "./lines.ts";
import type { SourceItem } from "./source.ts";

/** How much of a stream is read, and from where. */
export interface NdjsonOptions {
  /**
   * How many lines to take, blank ones not counted.
   *
   * @default {Infinity}
   */
  readonly count?: number | undefined;
  /** Ends the source early. */
  readonly signal?: AbortSignal | undefined;
  /** The place in the file where the stream begins. */
  readonly start?: FilePlace | undefined;
}

/** The longest line that is read, in bytes: a little more than a broker takes by default. */
const MAX_LINE_BYTES = 1_048_576;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

/**
 * Reads events from a stream, one JSON object a line, as they come. Blank lines are skipped.
 *
 * A line without the event's id gets a UUID made from its number and content (version 5), so that a file that is sent twice has
 * the same ids both times. A line without the event's time gets the current time.
 *
 * @param type The kind of event.
 * @param stream The bytes; UTF-8.
 * @param options How much of it, and from where.
 * @returns An item for each line.
 */
export async function* ndjsonEvents<T>(
  type: EventType<T>,
  stream: ReadableStream<Uint8Array>,
  options: NdjsonOptions = {},
): AsyncGenerator<SourceItem, void, undefined> {
  const { count = Infinity, signal, start } = options;
  const reader = stream.getReader();
  // A read that waits for a keyboard or a pipe would outlast a stop.
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  let taken = 0;
  try {
    for await (
      const { number, bytes, end, open } of splitLines(
        chunks(reader),
        MAX_LINE_BYTES,
        start,
      )
    ) {
      if (signal?.aborted) return;
      const content = bytes && withoutMark(number, bytes);
      if (content && isBlank(content)) continue;
      taken++;
      yield content
        ? itemOf(type, { number, content, end, open })
        : { number, problem: tooLong(), end, open };
      // Before the next line is read: a pipe may have none for a long time.
      if (taken >= count) return;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
  }
}

function withoutMark(number: number, bytes: Uint8Array): Uint8Array {
  const marked = number === 1 &&
    BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
  return marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

function tooLong(): InvalidEventError {
  return new InvalidEventError(
    `The line is longer than ${MAX_LINE_BYTES} bytes`,
  );
}

function itemOf<T>(
  type: EventType<T>,
  line: {
    readonly number: number;
    readonly content: Uint8Array;
    readonly end: number;
    readonly open: boolean;
  },
): SourceItem {
  const { number, content, end, open } = line;
  try {
    const value = fillIn(type, parsePayload(content), line);
    return { number, value, end };
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return { number, problem: error, end, open };
  }
}

/** Fills in the event's id and time where the line lacks them. */
function fillIn<T>(
  { idField, timeField }: EventType<T>,
  value: unknown,
  line: { readonly number: number; readonly content: Uint8Array },
): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  const filled: Record<string, unknown> = { ...value };
  if (idField !== undefined && !(idField in value)) {
    filled[idField] = lineId(line.number, line.content);
  }
  if (timeField !== undefined && !(timeField in value)) {
    filled[timeField] = new Date().toISOString();
  }
  return filled;
}

async function* chunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (
    let { done, value } = await reader.read();
    !done;
    { done, value } = await reader.read()
  ) {
    if (value) yield value;
  }
}
