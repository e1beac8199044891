/**
 * How far a file of events has been delivered, kept in a small file of its own, so that the next run goes on there.
 *
 * Each partition is acknowledged by itself, so lines are not delivered in the file's sequence. What is kept is the end of the last
 * line up to which all lines are delivered or rejected. What was delivered behind it is sent again, with the same ids.
 *
 * @module
 */

import { dirname } from "node:path";
import { messageOf, PipelineError } from "../base/errors.ts";
import { FILE_START, type FilePlace } from "./sources/record.ts";
import { explainFileError, isGzip } from "./sources/file.ts";

/** The folder of resume files that are named without one: `produce` may write there. */
export const RESUME_FOLDER = ".resume";

/** How long a change may be unsaved, in milliseconds: a file that is written for every event would be the bottleneck. */
const SAVE_INTERVAL_MS = 200;
/** How much of each part of the file is looked at to tell whether it is still the same, in bytes. */
const PART_BYTES = 4_096;

interface State extends FilePlace {
  readonly topic: string;
  /** The SHA-256, in hexadecimal, of the file's beginning and of what lies right before the place: {@linkcode PART_BYTES} each at most. */
  readonly hash: string;
}

/** A file of events, and where they go. */
export interface ResumeSource {
  /** The file's path. */
  readonly path: string;
  readonly topic: string;
}

/** A file of events and how far it has been delivered: see {@linkcode openResumePoint}. */
export type ResumePoint = Awaited<ReturnType<typeof openResumePoint>>;

/**
 * Reads how far a file has been delivered, and locks the resume file for this run.
 *
 * @param name The resume file; a name without a folder is one in {@linkcode RESUME_FOLDER}.
 * @param source The file of events, and where they go.
 * @returns The point; the file's beginning if there is no resume file yet.
 * @throws {PipelineError} If one of the files can't be read, the resume file can't be written, belongs to another file or another
 * topic, or another run has locked it.
 */
export async function openResumePoint(name: string, source: ResumeSource) {
  const path = /[\\/]/.test(name) ? name : `${RESUME_FOLDER}/${name}`;
  const lock = await lockFile(path);
  const start = await startOf(path, source).catch((error) => {
    lock.close();
    throw error;
  });
  /** The lines that are not done, or lie behind one that isn't, in sequence: where each ends, and whether it is done. */
  const lines = new Map<number, { readonly end: number; done: boolean }>();
  let place = start;
  let saved = start;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let saving: Promise<void> = Promise.resolve();

  const save = async () => {
    if (place === saved) return;
    const reached = place;
    const hash = await hashOf(source.path, reached.offset);
    await writeState(path, { topic: source.topic, ...reached, hash });
    saved = reached;
  };

  return {
    start,
    /** Notes a line that is about to be sent, and where it ends in bytes. Lines come in the file's sequence. */
    begin(line: number, end: number): void {
      lines.set(line, { end, done: false });
    },
    /** Notes that a line is done. It is saved a moment later, as soon as every line before it is done too. */
    done(line: number): void {
      const noted = lines.get(line);
      if (!noted) return;
      noted.done = true;
      for (const [number, { end, done }] of lines) {
        if (!done) break;
        lines.delete(number);
        place = { offset: end, line: number };
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        // The next save covers one that failed; close() throws what went wrong in the last.
        saving = saving.then(save).catch(() => {});
      }, SAVE_INTERVAL_MS);
    },
    /** Saves what is not saved yet, and unlocks the resume file. */
    async close(): Promise<void> {
      clearTimeout(timer);
      try {
        await saving;
        await save();
      } finally {
        // Removed while it is locked: a run that opened it before finds that its lock is on a file that is gone.
        await Deno.remove(`${path}.lock`).catch(() => {});
        lock.close();
      }
    },
  };
}

/** Writes beside the file and renames: a crash leaves the old place or the new one, and nothing in between. */
async function writeState(path: string, state: State): Promise<void> {
  try {
    const draft = `${path}.new`;
    // What a crash has left behind; a new file is made, so that no link is followed.
    await Deno.remove(draft).catch(() => {});
    using file = await Deno.open(draft, { write: true, createNew: true });
    await file.write(new TextEncoder().encode(JSON.stringify(state) + "\n"));
    await file.sync();
    await Deno.rename(draft, path);
  } catch (cause) {
    throw explain(`Can't write ${path}`, path, cause);
  }
}

/** Locks a resume file through a file beside it, as the resume file itself is replaced at each save. */
async function lockFile(path: string): Promise<Deno.FsFile> {
  const lockPath = `${path}.lock`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    for (const each of [path, lockPath]) await requireRegularFile(each);
    for (;;) {
      const file = await Deno.open(lockPath, { write: true, create: true });
      const locked = await file.tryLock(true);
      if (locked && await isFileAt(lockPath, file)) return file;
      file.close();
      if (!locked) break;
    }
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw explain(`Can't write ${path}`, path, cause);
  }
  throw new PipelineError(`Another run is using ${path}`, {
    hint: "Wait for it to end, or keep this run's place in another file.",
  });
}

/** Tells whether a file is still the one at a path. */
async function isFileAt(path: string, file: Deno.FsFile): Promise<boolean> {
  const there = await Deno.stat(path).catch(() => undefined);
  return there !== undefined && there.ino === (await file.stat()).ino;
}

/** Refuses a link, which would lead writing elsewhere, and a folder. */
async function requireRegularFile(path: string): Promise<void> {
  try {
    if ((await Deno.lstat(path)).isFile) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw notResumeFile(path);
}

async function startOf(
  path: string,
  source: ResumeSource,
): Promise<FilePlace> {
  const state = await readState(path);
  if (!state) return FILE_START;
  const { offset, line, topic, hash } = state;
  const hint = `To send all of it, remove ${path}.`;
  if (hash !== await hashOf(source.path, offset)) {
    throw new PipelineError(
      `${path} belongs to another file than ${source.path}, or that file has changed`,
      { hint },
    );
  }
  if (topic !== source.topic) {
    throw new PipelineError(
      `${path} belongs to topic '${topic}', and not to '${source.topic}'`,
      { hint },
    );
  }
  return { offset, line };
}

function explain(action: string, path: string, cause: unknown): PipelineError {
  if (cause instanceof Deno.errors.NotCapable) {
    return new PipelineError(`No permission to keep ${path}`, {
      cause,
      hint: `Name it without a folder: it is kept in ${RESUME_FOLDER}/ then.`,
    });
  }
  return new PipelineError(`${action}: ${messageOf(cause)}`, { cause });
}

async function readState(path: string): Promise<State | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw explain(`Can't read ${path}`, path, cause);
  }
  const state = parseState(text);
  if (!state) throw notResumeFile(path);
  return state;
}

/** Reads a state; undefined if the text is something else. */
function parseState(text: string): State | undefined {
  try {
    const { topic, offset, line, hash } = JSON.parse(text);
    const isState = typeof topic === "string" && typeof hash === "string" &&
      [offset, line].every((count) =>
        Number.isSafeInteger(count) && count >= 0
      );
    return isState ? { topic, offset, line, hash } : undefined;
  } catch {
    return undefined;
  }
}

function notResumeFile(path: string): PipelineError {
  return new PipelineError(`${path} is not a resume file`, {
    code: "resume-file",
  });
}

/** Tells one file from another, and from what it was before a change that matters here. */
async function hashOf(path: string, offset: number): Promise<string> {
  const length = Math.min(offset, PART_BYTES);
  let found: Uint8Array<ArrayBuffer>;
  try {
    using file = await Deno.open(path);
    const first = await readAt(file, 0, length);
    // What gzip unpacks to has its checksum and its length at the file's end.
    const end = isGzip(first) ? (await file.stat()).size : offset;
    // A file that is shorter by now has fewer bytes there, and so another hash.
    const last = await readAt(file, Math.max(end - length, 0), length);
    found = new Uint8Array([...first, ...last]);
  } catch (cause) {
    throw explainFileError(path, cause);
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", found)).toHex();
}

async function readAt(
  file: Deno.FsFile,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
