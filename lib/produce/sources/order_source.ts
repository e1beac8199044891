/**
 * Where orders come from: generated ones, or those of a file or a stream, one JSON object a line (NDJSON).
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { generate } from "@std/uuid/v5";
import { randomOrders } from "../../events/order.ts";
import {
  InvalidEventError,
  messageOf,
  PipelineError,
} from "../../base/errors.ts";
import { splitLines } from "./lines.ts";
import { pause } from "../../base/pause.ts";
import type { FilePlace } from "./lines.ts";
import { parsePayload } from "../../events/wire_format.ts";

/** What a source gives: an order that is not checked yet, or why there is none in a line. */
export interface SourceItem {
  /** Its number, from 1: of the order, or of the line. */
  readonly number: number;
  /** The order; it may be any JSON value. */
  readonly event?: unknown;
  /** Why the line holds no order. */
  readonly problem?: InvalidEventError;
  /** The number of bytes from the file's start to the start of the next line; nothing for an order that is generated. */
  readonly end?: number;
  /** Whether its line has no line break yet: more of it may come. */
  readonly open?: boolean;
}

/** The longest line that is read, in bytes: a little more than a broker takes by default. */
const MAX_LINE_BYTES = 1_048_576;

/** The namespace of the ids that are made from a line (RFC 9562, section 5.5): a random UUID, chosen once. */
const LINE_NAMESPACE = "6f2c3d0e-1f57-4c0b-9d3a-5b7d0a6c1e42";

/**
 * Generates random orders, one at a time.
 *
 * @param options How many, how far apart in milliseconds, the seed, and what ends it early.
 * @returns The orders.
 */
export async function* generatedOrders(options: {
  readonly count: number;
  readonly intervalMs: number;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}): AsyncGenerator<SourceItem, void, undefined> {
  const { count, intervalMs, signal } = options;
  const orders = randomOrders({ seed: options.seed });
  for (let number = 1; number <= count; number++) {
    if (number > 1 && intervalMs > 0) await pause(intervalMs, signal);
    if (signal?.aborted) return;
    yield { number, event: orders.next().value };
  }
}

/**
 * Finds a file where whoever called `deno task` meant it: the task itself runs in the checkout's folder.
 *
 * @param path The path as it was given; `-` is standard input.
 * @returns The path to open.
 */
export function ordersPath(path: string): string {
  const folder = Deno.env.get("INIT_CWD");
  return path === "-" || !folder || isAbsolute(path)
    ? path
    : join(folder, path);
}

/**
 * Opens the file that orders are read from.
 *
 * @param path The file's path; `-` is standard input.
 * @param offset How many bytes to pass over.
 * @returns The file's bytes.
 * @throws {PipelineError} If it isn't there, is a folder, or lies outside what the permissions allow.
 */
export async function openOrders(
  path: string,
  offset = 0,
): Promise<ReadableStream<Uint8Array>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    // Not by opening it: that waits for a writer where it is a pipe.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) {
      throw new PipelineError(`Can't read orders from a folder: ${path}`);
    }
    if (!isFile) {
      throw new PipelineError(`${path} is not a file`, {
        code: "file-not-readable",
        details: { path },
      });
    }
    const file = await Deno.open(path);
    await file.seek(offset, Deno.SeekMode.Start);
    return file.readable;
  } catch (cause) {
    throw explainOrders(path, cause);
  }
}

/**
 * Says in plain words why a file of orders can't be read.
 *
 * @param path The file's path.
 * @param cause What Deno threw; an error that is plain already is returned as it is.
 * @returns An error to print.
 */
export function explainOrders(path: string, cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  if (cause instanceof Deno.errors.NotCapable) {
    return new PipelineError(`No permission to read ${path}`, {
      cause,
      code: "file-not-readable",
      details: { path },
    });
  }
  if (cause instanceof Deno.errors.NotFound) {
    return new PipelineError(`No such file: ${path}`, { cause });
  }
  return new PipelineError(`Can't read ${path}: ${messageOf(cause)}`, {
    cause,
  });
}

async function complete(
  number: number,
  bytes: Uint8Array,
  value: unknown,
): Promise<unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  const filled: Record<string, unknown> = { ...value };
  if (!("event_id" in value)) {
    const name = new TextEncoder().encode(`${number}:`);
    const content = new Uint8Array(name.length + bytes.length);
    content.set(name);
    content.set(bytes, name.length);
    filled["event_id"] = await generate(LINE_NAMESPACE, content);
  }
  if (!("ts_utc" in value)) filled["ts_utc"] = new Date().toISOString();
  return filled;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

/**
 * Reads orders from a stream, one JSON object a line, as they come. Blank lines are passed over.
 *
 * An order without `event_id` gets a UUID made from its line's number and content (version 5), so that a file that is sent
 * twice has the same ids both times. One without `ts_utc` gets the time of the moment.
 *
 * @param stream The bytes; UTF-8.
 * @param options How many lines at most, blank ones not counted; what ends it early; and the place in the file where the stream
 * begins.
 * @returns An item for each line.
 */
export async function* ordersFrom(
  stream: ReadableStream<Uint8Array>,
  options: {
    readonly count?: number | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly start?: FilePlace | undefined;
  } = {},
): AsyncGenerator<SourceItem, void, undefined> {
  const { count = Infinity, signal, start } = options;
  const reader = stream.getReader();
  // A read that waits for a keyboard or a pipe would wait on past a stop.
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
      if (!bytes) {
        taken++;
        const problem = new InvalidEventError(
          `The line is longer than ${MAX_LINE_BYTES} bytes`,
        );
        yield { number, problem, end, open };
        if (taken >= count) return;
        continue;
      }
      const marked = number === 1 &&
        BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
      const content = marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
      if (isBlank(content)) continue;
      taken++;
      try {
        const value = parsePayload(content);
        yield { number, event: await complete(number, content, value), end };
      } catch (error) {
        if (!(error instanceof InvalidEventError)) throw error;
        yield { number, problem: error, end, open };
      }
      // Not when the next line is there: a pipe may have none for a long time.
      if (taken >= count) return;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
  }
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
