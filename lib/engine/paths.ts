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

/** Reads a JSON object; empty if the text is not one. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
