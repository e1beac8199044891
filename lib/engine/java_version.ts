/**
 * The version of this machine's Java.
 *
 * @module
 */

import { runCommand } from "./shell.ts";

/**
 * Reads the major version from the output of `java -version`.
 *
 * @param text Its output.
 * @returns The version, such as 17; undefined if there is none.
 */
export function parseJavaVersion(text: string): number | undefined {
  // Up to Java 8 the version was called 1.8.
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

let asked: Promise<number | undefined> | undefined;

/**
 * Asks Java for its major version, once: it stays the same while this process runs.
 *
 * @returns The version; undefined if Java was not found.
 */
export function javaVersion(): Promise<number | undefined> {
  asked ??= runCommand(["java", "-version"]).then(({ stdout, stderr }) =>
    parseJavaVersion(stderr + stdout)
  );
  return asked;
}
