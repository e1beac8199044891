/**
 * Opens the file, or the stream, that events are read from.
 *
 * @module
 */

import { messageOf, PipelineError } from "../../base/errors.ts";

/**
 * Opens the file that events are read from.
 *
 * @param path The file's path; `-` is standard input.
 * @param offset How many bytes to skip.
 * @returns The file's bytes.
 * @throws {PipelineError} If it doesn't exist, is a folder, or lies outside what the permissions allow.
 */
export async function openFile(
  path: string,
  offset = 0,
): Promise<ReadableStream<Uint8Array>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    // Opening a pipe would wait for its writer.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) {
      throw new PipelineError(`Can't read events from a folder: ${path}`);
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

/**
 * Explains why a file of events can't be read.
 *
 * @param path The file's path.
 * @param cause What Deno threw; a {@linkcode PipelineError} is returned as it is.
 * @returns An error to print.
 */
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
