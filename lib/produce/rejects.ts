/**
 * Keeps the records of a file that are not sent, so that they can be fixed and sent.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import {
  type InvalidEventError,
  messageOf,
  PipelineError,
} from "../base/errors.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { splitLines } from "./sources/lines.ts";
import type { SourceItem } from "./sources/source.ts";

/** The folder of files that are named without one: `produce` may write there. */
export const REJECTS_FOLDER = ".rejects";

const encoder = new TextEncoder();
const LINE_FEED = encoder.encode("\n");
const NOTHING = new Uint8Array();
const NO_LIMIT = { limitBytes: Infinity };

/** Where rejected records are kept: see {@linkcode openRejects}. */
export type RejectsFile = Awaited<ReturnType<typeof openRejects>>;

/**
 * Opens a file for rejected records, each as it was, in the format of the file that they come from; and beside it a file that says why:
 * for each record one JSON object with its number in the source, the reason, and the record's text.
 *
 * @param name The file of records; a name without a folder is one in {@linkcode REJECTS_FOLDER}.
 * @param options The file that the records come from, which must be another; and, for a run that adds to what earlier runs have
 * kept, the number of the last record that does not come again.
 * @throws {PipelineError} If they can't be written, or hold something and the run does not add to it.
 */
export async function openRejects(
  name: string,
  options: { readonly source: string; readonly after: number | undefined },
) {
  const path = /[\\/]/.test(name) ? name : `${REJECTS_FOLDER}/${name}`;
  const reasonsPath = `${path}.reasons.ndjson`;
  const { source, after } = options;
  if (await isSame(path, source)) {
    throw new PipelineError(`${path} is the file that the events come from`);
  }
  const records = await openToAdd(path);
  try {
    let isEmpty = (await records.stat()).size === 0;
    if (after === undefined && !isEmpty) {
      throw new PipelineError(`${path} holds something already`, {
        hint:
          "It may be what an earlier run has rejected: send it, and remove it, or choose another name.",
      });
    }
    const reasons = await openToAdd(reasonsPath);
    if (after === undefined) await reasons.truncate();
    for (const file of [records, reasons]) await endLine(file);
    const kept = await readKept(reasonsPath, after ?? 0);
    return {
      path,
      /**
       * Adds a record, unless an earlier run has kept it. It is written when this returns: what a resume file counts as done is not lost
       * in a crash.
       *
       * @param error Why it is not sent.
       */
      add(item: SourceItem, error: InvalidEventError): void {
        const { number, original, header } = item;
        const text = original && (decodeUtf8(original) ??
          { base64: original.toBase64() });
        const reason = {
          number,
          reason: error.message,
          original: text ?? null,
        };
        if (kept.get(number) === JSON.stringify(reason.original)) return;
        try {
          if (original) {
            if (isEmpty && header) write(records, header);
            isEmpty = false;
            write(records, original);
          }
          write(reasons, encoder.encode(JSON.stringify(reason)));
        } catch (cause) {
          throw explain(path, cause);
        }
      },
      /** Closes the files, and removes those that are empty. */
      async close(): Promise<void> {
        const files = [[path, records], [reasonsPath, reasons]] as const;
        for (const [path, file] of files) {
          const { size } = await file.stat();
          file.close();
          if (size === 0) await Deno.remove(path).catch(() => {});
        }
      },
    };
  } catch (error) {
    records.close();
    throw error;
  }
}

async function openToAdd(path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    return await Deno.open(path, { read: true, append: true, create: true });
  } catch (cause) {
    throw explain(path, cause);
  }
}

/** Writes a line with its break in one go: a crash between the two would join it to the next one. */
function write(file: Deno.FsFile, line: Uint8Array): void {
  const bytes = Buffer.concat([line, LINE_FEED]);
  for (let at = 0; at < bytes.length;) {
    at += file.writeSync(bytes.subarray(at));
  }
}

/** Reads which records behind a number are kept already: they were rejected before everything in front of them was delivered. */
async function readKept(
  path: string,
  after: number,
): Promise<Map<number, string>> {
  const kept = new Map<number, string>();
  const { readable } = await Deno.open(path);
  for await (const { bytes } of splitLines(readable, NO_LIMIT)) {
    const { number, original } = parseReason(bytes);
    if (number > after) kept.set(number, JSON.stringify(original));
  }
  return kept;
}

/** Reads a reason; its number is NaN if a crash has cut it off, or it was changed. */
function parseReason(
  line: Uint8Array | undefined,
): { readonly number: number; readonly original: unknown } {
  try {
    const { number, original } = JSON.parse(decodeUtf8(line ?? NOTHING) ?? "");
    return { number: Number(number), original };
  } catch {
    return { number: NaN, original: undefined };
  }
}

/** Ends the last line, which a crash has cut off, or an editor has left without a break. */
async function endLine(file: Deno.FsFile): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = new Uint8Array(1);
  await file.seek(size - 1, Deno.SeekMode.Start);
  await file.read(last);
  if (last[0] !== LINE_FEED[0]) file.writeSync(LINE_FEED);
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
