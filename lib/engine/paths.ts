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

/**
 * Reads a record of an engine.
 *
 * @param field A field that such a record has. An earlier version's may lack it, and what a crash of the machine left.
 * @returns The record, trusted as one that this program has written; undefined if the text has no such field.
 */
export function parseRecord<T>(
  text: string | undefined,
  field: keyof T & string,
): T | undefined {
  try {
    const record = JSON.parse(text ?? "");
    return Object.hasOwn(Object(record), field) ? record : undefined;
  } catch {
    return undefined;
  }
}
