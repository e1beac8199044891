/**
 * Reads the file, or the stream, that events come from.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { messageOf, PipelineError } from "../../base/errors.ts";

/** What content begins with that has to be turned into something else before it can be split into events. */
const FORMS: readonly (readonly [form: string, signature: string])[] = [
  ["gzip", "1f8b"],
  ["zstd", "28b52ffd"],
  ["zip", "504b0304"],
  ["bzip2", "425a68"],
  ["xz", "fd377a58"],
  ["UTF-16", "fffe"],
  ["UTF-16", "feff"],
];

const SIGNATURE_BYTES = 4;
const LINE_FEED = 0x0a;

/** Opens the file that events are read from; `-` is standard input. */
export async function openFile(
  path: string,
  offset = 0,
): Promise<ReadableStream<Uint8Array>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    // Opening a pipe would wait for its writer.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) {
      throw new PipelineError(`Not a file but a folder: ${path}`);
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
    throw explainFileError(path, cause);
  }
}

/** Explains why a file of events can't be read. A {@linkcode PipelineError} is returned as it is. */
export function explainFileError(path: string, cause: unknown): PipelineError {
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

/** How much of a file is read. */
export interface ReadOptions {
  /** Where to begin, in bytes of the content: of what it unpacks to if it is compressed. By default: `0`. */
  readonly offset?: number;
  /** Ends the content early, also while a pipe is silent. */
  readonly signal?: AbortSignal | undefined;
}

/** A file of events, plain or compressed by gzip: its content tells, and not its name. */
export class InputFile {
  /** The file's path; `-` is standard input. */
  readonly path: string;
  /** How large it is as it is stored; undefined if that is not known. */
  readonly #sizeBytes: number | undefined;
  readonly #open: (offset: number) => Promise<ReadableStream<Uint8Array>>;
  #readBytes = 0;

  /** Names a file; `-` is standard input. Nothing is opened yet. */
  constructor(
    path: string,
    options: {
      readonly open: (offset: number) => Promise<ReadableStream<Uint8Array>>;
      readonly sizeBytes?: number;
    },
  ) {
    this.path = path;
    this.#open = options.open;
    this.#sizeBytes = options.sizeBytes;
  }

  /** Finds a file that can be read; `-` is standard input. */
  static async find(path: string): Promise<InputFile> {
    const open = (offset: number) => openFile(path, offset);
    if (path === "-") return new InputFile(path, { open });
    await (await openFile(path)).cancel();
    const { size: sizeBytes } = await Deno.stat(path);
    return new InputFile(path, { open, sizeBytes });
  }

  get name(): string {
    return this.path === "-" ? "standard input" : this.path;
  }

  /** Which part of it has been read as it is stored, from 0 to 1; undefined if its size is not known. */
  get share(): number | undefined {
    // It may have grown since.
    return this.#sizeBytes && Math.min(this.#readBytes / this.#sizeBytes, 1);
  }

  /** Reads the content. Returns the content, in chunks. The first one has at least 4 bytes, or a line feed, or all that there is. */
  async *read(
    { offset = 0, signal }: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const stored = this.#stored(0, signal);
    try {
      const first = await beginningOf(stored);
      const form = formOf(first);
      const all = startingWith(first, stored);
      if (form === "gzip") {
        yield* skip(unpack(all), offset);
      } else if (form !== undefined) {
        throw new PipelineError(
          `Can't read ${this.name}: it is ${form}, and only UTF-8 is read, plain or compressed by gzip`,
        );
      } else if (offset > 0) {
        yield* this.#stored(offset, signal);
      } else {
        yield* all;
      }
    } catch (cause) {
      // What was cut off by a stop can't be unpacked to its end.
      if (!signal?.aborted) throw explainFileError(this.name, cause);
    } finally {
      await stored.return();
    }
  }

  /** Reads the bytes as they are stored. */
  async *#stored(
    offset: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (signal?.aborted) return;
    this.#readBytes = offset;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#readBytes += chunk.length;
        controller.enqueue(chunk);
      },
    });
    // A read that waits for a keyboard or a pipe would outlast a stop.
    yield* (await this.#open(offset)).pipeThrough(counted, {
      ...(signal && { signal }),
    });
  }
}

/** Reads as many bytes as a signature may have, but not past the end of the first line: a pipe may have no more for a long time. */
async function beginningOf(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<Uint8Array> {
  let first: Uint8Array = new Uint8Array();
  while (first.length < SIGNATURE_BYTES && !first.includes(LINE_FEED)) {
    const { done, value } = await chunks.next();
    if (done) break;
    first = first.length === 0 ? value : Buffer.concat([first, value]);
  }
  return first;
}

/** Tells whether content is compressed by gzip. */
export function isGzip(first: Uint8Array): boolean {
  return formOf(first) === "gzip";
}

function formOf(first: Uint8Array): string | undefined {
  const beginning = first.subarray(0, SIGNATURE_BYTES).toHex();
  return FORMS.find(([, signature]) => beginning.startsWith(signature))?.[0];
}

/** Puts bytes that have been read back in front of what follows them, which is closed with what is returned. */
export async function* startingWith(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** Unpacks gzip, also where several were put one behind the other. */
async function* unpack(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = Readable.from(packed);
  const unpacking = createGunzip();
  source.on("error", (error) => unpacking.destroy(error));
  try {
    for await (const chunk of source.pipe(unpacking)) yield chunk;
  } finally {
    source.destroy();
    unpacking.destroy();
  }
}

async function* skip(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(left - chunk.length, 0);
  }
}
