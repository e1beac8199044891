/**
 * Content in chunks, cut in every way.
 *
 * @module
 */

import { InputFile } from "../../lib/produce/sources/file.ts";

/**
 * Makes a stream of chunks.
 *
 * @param chunks The chunks.
 * @returns Each, a moment later than the one before.
 */
export async function* streamOf(
  chunks: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

/**
 * Cuts some bytes into chunks in many ways.
 *
 * @param bytes The bytes.
 * @returns In one piece, byte by byte, and every way to cut them in three, empty pieces among them.
 */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (byte) => new Uint8Array([byte]));
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) {
      yield [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
    }
  }
}

/**
 * Makes a file of content in memory.
 *
 * @param content The content, or a pipe that it comes through.
 * @param path The file's path.
 * @returns The file.
 */
export function fileOf(
  content: string | Uint8Array | ReadableStream<Uint8Array>,
  path = "events.ndjson",
): InputFile {
  if (content instanceof ReadableStream) {
    return new InputFile(path, { open: () => Promise.resolve(content) });
  }
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  return new InputFile(path, {
    open: (offset) => Promise.resolve(new Blob([bytes.slice(offset)]).stream()),
    sizeBytes: bytes.length,
  });
}
