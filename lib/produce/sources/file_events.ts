/**
 * A source of events from a file: JSON, one object a line or in any layout, or CSV.
 *
 * @module
 */

import { InvalidEventError, PipelineError } from "../../base/errors.ts";
import { plural } from "../../base/plural.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import type { EventType } from "../../events/event_type.ts";
import { parsePayload } from "../../events/wire_format.ts";
import { type ConsumedLine, readConsumedLine } from "./consumed_line.ts";
import { splitRows } from "./csv_rows.ts";
import { CsvTable } from "./csv_table.ts";
import { type InputFile, startingWith } from "./file.ts";
import {
  CONTENT_NAME,
  type FileFormat,
  formatOf,
  recognize,
  RECORD_NAME,
  separatorOf,
} from "./format.ts";
import { splitValues } from "./json_values.ts";
import { lineId } from "./line_id.ts";
import { splitLines } from "./lines.ts";
import {
  FILE_START,
  type FilePlace,
  type FileRecord,
  type SplitOptions,
} from "./record.ts";
import type { SourceItem } from "./source.ts";

/** How a file is read. */
export interface FileEventsOptions {
  /** Its format. By default: by the file's name. */
  readonly format?: FileFormat | undefined;
  /** How many events to take, blank lines not counted. By default: `Infinity`. */
  readonly count?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The place in the file to begin at. */
  readonly start?: FilePlace | undefined;
  /** Called with a line about what is left out of all events. */
  readonly notify?: ((line: string) => void) | undefined;
}

/** The longest record that is read, in bytes: a little more than a broker takes by default. */
const MAX_RECORD_BYTES = 1_048_576;

const BYTE_ORDER_MARK = "efbbbf";

type Split = (
  chunks: AsyncIterable<Uint8Array>,
  options: SplitOptions,
) => AsyncGenerator<FileRecord, void, undefined>;

const SPLIT: Readonly<Record<FileFormat, Split>> = {
  ndjson: splitLines,
  json: splitValues,
  csv: splitRows,
};

/** Reads an event, and what goes with it, from a record's content. */
type Parse = (content: Uint8Array) => ConsumedLine;

/**
 * Reads events from a file, or from a stream as they come. Blank lines are skipped.
 *
 * An event without its id gets a UUID made from the record's number and content (version 5), so that a file that is sent twice has
 * the same ids both times. An event without its time gets the current time.
 *
 * @throws {PipelineError} If it can't be read, is in another format, or lacks a column that every event needs.
 */
export async function* fileEvents<T>(
  type: EventType<T>,
  file: InputFile,
  options: FileEventsOptions = {},
): AsyncGenerator<SourceItem, void, undefined> {
  const { format = formatOf(file.path), count = Infinity, signal } = options;
  const content = await openContent(file, options);
  const source = { type: type as EventType<unknown>, file, format };
  let taken = 0;
  try {
    if (content.start.line === 0) refuseOtherFormat(source, content.beginning);
    const records = SPLIT[format](content.chunks, {
      limitBytes: MAX_RECORD_BYTES,
      start: content.start,
    });
    let parse: Parse = parseJson;
    let header: Uint8Array | undefined;
    if (format === "csv") {
      const found = await readHeader(source, records, options);
      if (!found) return;
      header = found.header;
      parse = (row) => ({ value: found.table.read(textOf(row)) });
    }
    for await (const record of records) {
      if (signal?.aborted) return;
      if (record.bytes && isBlank(record.bytes)) continue;
      taken++;
      const item = itemOf(source, record, parse);
      yield header ? { ...item, header } : item;
      // Before the next record is read: a pipe may have none for a long time.
      if (taken >= count) return;
    }
  } finally {
    await content.chunks.return();
  }
}

/** A file that is read, and what is known of it. */
interface Source {
  readonly type: EventType<unknown>;
  readonly file: InputFile;
  readonly format: FileFormat;
}

/** Opens a file's content, without the byte order mark. `beginning` is that of the first chunk. */
async function openContent(
  file: InputFile,
  { signal, start = FILE_START }: FileEventsOptions,
) {
  const chunks = file.read({ signal, offset: start.offset });
  if (start.offset > 0) return { chunks, start, beginning: "" };
  const { value } = await chunks.next();
  const all = value ?? new Uint8Array();
  const mark = all.subarray(0, 3).toHex() === BYTE_ORDER_MARK ? 3 : 0;
  const first = all.subarray(mark);
  return {
    chunks: startingWith(first, chunks),
    start: { ...start, offset: mark },
    beginning: new TextDecoder().decode(first).trimStart(),
  };
}

/** Refuses a file that is in another format once, instead of each of its lines. */
function refuseOtherFormat(source: Source, beginning: string): void {
  const [first = "", second] = beginning.split("\n");
  const { type, file, format } = source;
  const found = recognize(type, { format, first, second });
  if (!found) return;
  throw new PipelineError(
    `${file.name} holds ${CONTENT_NAME[found]}, and not ${
      CONTENT_NAME[format]
    }`,
    { code: "file-format", details: { format: found } },
  );
}

/** Reads the header of CSV. It stands at the file's start, also where a run begins further on. */
async function readHeader(
  source: Source,
  rows: AsyncGenerator<FileRecord, void, undefined>,
  { signal, start = FILE_START, notify }: FileEventsOptions,
): Promise<{ table: CsvTable; header: Uint8Array } | undefined> {
  const { type, file } = source;
  if (start.line > 0) {
    const { chunks } = await openContent(file, { signal });
    const fromStart = splitRows(chunks, { limitBytes: MAX_RECORD_BYTES });
    try {
      return await readHeader(source, fromStart, { signal });
    } finally {
      await chunks.return();
    }
  }
  const row = await firstRow(rows);
  if (!row) return undefined;
  const { bytes = new Uint8Array(), problem } = row;
  const header = decodeUtf8(bytes);
  if (header === undefined || problem !== undefined || !row.bytes) {
    throw new PipelineError(
      `The header of ${file.name} can't be read: ${
        problem ?? (row.bytes ? "it is not UTF-8" : `it is ${TOO_LONG}`)
      }`,
    );
  }
  const separator = separatorOf(type, header);
  if (separator !== undefined && separator !== "commas") {
    throw new PipelineError(
      `The columns of ${file.name} are separated by ${separator}, and CSV takes commas`,
    );
  }
  const table = new CsvTable(type, header);
  if (table.repeated.length > 0) {
    throw new PipelineError(
      `${file.name} has more than one column ${names(table.repeated)}`,
    );
  }
  const unknown = names(table.unknown);
  if (table.missing.length > 0) {
    throw new PipelineError(
      `${file.name} has no column for ${
        names(table.missing)
      }, which every ${type.name} needs` +
        (unknown ? `; its schema has no ${unknown}` : ""),
    );
  }
  if (unknown) {
    notify?.(
      `Left out: the schema of ${type.name} has no field for the ${
        plural(table.unknown.length, "column")
      } ${unknown}.`,
    );
  }
  return { table, header: bytes };
}

async function firstRow(
  rows: AsyncGenerator<FileRecord, void, undefined>,
): Promise<FileRecord | undefined> {
  for (;;) {
    const { value, done } = await rows.next();
    if (done) return undefined;
    if (!value.bytes || !isBlank(value.bytes)) return value;
  }
}

function names(fields: readonly string[]): string {
  return fields.map((name) => `"${name}"`).join(", ");
}

const TOO_LONG = `longer than ${MAX_RECORD_BYTES} bytes`;

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

function itemOf(
  { type, format }: Source,
  record: FileRecord,
  parse: Parse,
): SourceItem {
  const { number, bytes, end, open, problem } = record;
  try {
    if (!bytes) {
      throw new InvalidEventError(`The ${RECORD_NAME[format]} is ${TOO_LONG}`);
    }
    if (problem !== undefined) throw new InvalidEventError(problem);
    const parsed = parse(bytes);
    const value = fillIn(type, parsed.value, { number, content: bytes });
    return { ...parsed, number, value, end, original: bytes };
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return { number, problem: error, end, open, original: bytes };
  }
}

/** Where JSON breaks, as the engine says it of a text of one line. */
const JSON_POSITION = /(?: in JSON)? at position \d+ \(line 1 column (\d+)\)$/;

function parseJson(content: Uint8Array): ConsumedLine {
  try {
    const value = parsePayload(content);
    return readConsumedLine(value) ?? { value };
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    const { cause, message } = error;
    if (!(cause instanceof SyntaxError)) throw error;
    const reason = cause.message.replace(JSON_POSITION, " at column $1");
    throw new InvalidEventError(`${message}: ${reason}`, { cause });
  }
}

function textOf(row: Uint8Array): string {
  const text = decodeUtf8(row);
  if (text === undefined) throw new InvalidEventError("The row is not UTF-8");
  return text;
}

/** Fills in the event's id and time where the record lacks them. */
function fillIn(
  { idField, timeField }: EventType<unknown>,
  value: unknown,
  record: { readonly number: number; readonly content: Uint8Array },
): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  // What is parsed here belongs to nothing else: it is filled in where it is.
  const event = value as Record<string, unknown>;
  if (idField !== undefined && !(idField in event)) {
    event[idField] = lineId(record.number, record.content);
  }
  if (timeField !== undefined && !(timeField in event)) {
    event[timeField] = new Date().toISOString();
  }
  return event;
}
