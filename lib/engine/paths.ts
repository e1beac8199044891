/**
 * The folders of an engine: programs, data, logs, records of its processes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The folders of one engine. */
export interface EngineFolders {
  /** The state folder that holds the others. */
  readonly root: string;
  /** What Kafka and the registry store. */
  readonly data: string;
  /** What they print, one file each. */
  readonly logs: string;
  /** Records of processes and ports, and the lock. */
  readonly run: string;
}

/** The root of this checkout, without a slash at the end. */
export function checkoutFolder(): string {
  return fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");
}

/** The state folder of the engine that `deno task up` starts, which also holds the downloaded programs of every engine. */
export function engineFolder(): string {
  return `${checkoutFolder()}/.engine`;
}

/** The folder for the topics of a broker, which is not created. The first one's is where it was when there was only one. */
export function brokerData(folders: EngineFolders, id: number): string {
  return `${folders.data}/kafka${id === 1 ? "" : `-${id}`}`;
}

/** The folders inside a state folder. None is created. */
export function foldersOf(root: string): EngineFolders {
  return {
    root,
    data: `${root}/data`,
    logs: `${root}/logs`,
    run: `${root}/run`,
  };
}

/** Reads a file that may not exist: its text; undefined if it does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Reads a JSON object; empty if the text is not one. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Removes a file or folder with its content, if it exists. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes a file so that a reader sees the old text or the new one, never part of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  await Deno.writeTextFile(draft, text);
  await Deno.rename(draft, path);
}
