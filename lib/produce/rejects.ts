/**
 * Keeps the records of a file that are not sent, so that they can be fixed and sent.
 *
 * @module
 */

import { dirname } from "node:path";
import {
  type InvalidEventError,
  messageOf,
  PipelineError,
} from "../base/errors.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import type { SourceItem } from "./sources/source.ts";

/** The folder of files that are named without one: `produce` may write there. */
export const REJECTS_FOLDER = ".rejects";

const encoder = new TextEncoder();
const LINE_FEED = encoder.encode("\n");

/**
 * A file of rejected records, each as it was, in the format of the file that they come from; and beside it a file that says why: for
 * each record one JSON object with its number in the source, the reason, and the record's text.
 */
export class RejectsFile {
  /** The file of records. */
  readonly path: string;
  /** The file of reasons. */
  readonly reasonsPath: string;
  readonly #records: Deno.FsFile;
  readonly #reasons: Deno.FsFile;
  #isEmpty: boolean;

  private constructor(
    path: string,
    files: { readonly records: Deno.FsFile; readonly reasons: Deno.FsFile },
  ) {
    this.path = path;
    this.reasonsPath = reasonsPathOf(path);
    this.#records = files.records;
    this.#reasons = files.reasons;
    this.#isEmpty = files.records.statSync().size === 0;
  }

  /**
   * Opens the two files.
   *
   * @param name The file of records; a name without a folder is one in {@linkcode REJECTS_FOLDER}.
   * @param options The file that the records come from, which must be another; and whether to add to what is there, as a run that
   * continues does.
   * @returns The files.
   * @throws {PipelineError} If they can't be written.
   */
  static async open(
    name: string,
    options: { readonly source: string; readonly append: boolean },
  ): Promise<RejectsFile> {
    const path = /[\\/]/.test(name) ? name : `${REJECTS_FOLDER}/${name}`;
    const { source, append } = options;
    if (await isSame(path, source)) {
      throw new PipelineError(`${path} is the file that the events come from`);
    }
    const open = async (file: string) => {
      try {
        await Deno.mkdir(dirname(file), { recursive: true });
        return await Deno.open(file, {
          write: true,
          create: true,
          append,
          truncate: !append,
        });
      } catch (cause) {
        throw explain(file, cause);
      }
    };
    const records = await open(path);
    try {
      const reasons = await open(reasonsPathOf(path));
      return new RejectsFile(path, { records, reasons });
    } catch (error) {
      records.close();
      throw error;
    }
  }

  /**
   * Adds a record. It is written when this returns: what a resume file counts as done is not lost in a crash.
   *
   * @param item The record, from a file.
   * @param error Why it is not sent.
   * @throws {PipelineError} If it can't be written.
   */
  add(item: SourceItem, error: InvalidEventError): void {
    const { number, original, header } = item;
    const text = original && (decodeUtf8(original) ??
      { base64: original.toBase64() });
    const reason = { number, reason: error.message, original: text ?? null };
    try {
      if (original) {
        if (this.#isEmpty && header) write(this.#records, header);
        this.#isEmpty = false;
        write(this.#records, original);
      }
      write(this.#reasons, encoder.encode(JSON.stringify(reason)));
    } catch (cause) {
      throw explain(this.path, cause);
    }
  }

  /** Closes the files, and removes those that are empty. */
  async close(): Promise<void> {
    for (
      const [path, file] of [
        [this.path, this.#records],
        [this.reasonsPath, this.#reasons],
      ] as const
    ) {
      const { size } = await file.stat();
      file.close();
      if (size === 0) await Deno.remove(path).catch(() => {});
    }
  }
}

function reasonsPathOf(path: string): string {
  return `${path}.reasons.ndjson`;
}

function write(file: Deno.FsFile, line: Uint8Array): void {
  for (const bytes of [line, LINE_FEED]) {
    for (let at = 0; at < bytes.length;) {
      at += file.writeSync(bytes.subarray(at));
    }
  }
}

async function isSame(path: string, source: string): Promise<boolean> {
  try {
    return await Deno.realPath(path) === await Deno.realPath(source);
  } catch {
    return false;
  }
}

function explain(path: string, cause: unknown): PipelineError {
  if (cause instanceof Deno.errors.NotCapable) {
    return new PipelineError(`No permission to write ${path}`, {
      cause,
      hint: `Name it without a folder: it is kept in ${REJECTS_FOLDER}/ then.`,
    });
  }
  return new PipelineError(`Can't write ${path}: ${messageOf(cause)}`, {
    cause,
  });
}
