/**
 * Paths on the command line.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";

/**
 * Finds a file that the command line names: its path is relative to where `deno task` was called, and the task itself runs in the
 * checkout's folder. `-` is standard input.
 */
export function inputPath(path: string): string {
  const folder = Deno.env.get("INIT_CWD");
  return path === "-" || !folder || isAbsolute(path)
    ? path
    : join(folder, path);
}
