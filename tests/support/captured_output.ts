/**
 * What some work prints, kept instead of shown. Needs no permission.
 *
 * @module
 */

import { errors, output } from "../../lib/cli/output.ts";

/** What was printed. */
export interface CapturedOutput {
  /** Standard output. */
  readonly stdout: string;
  /** Standard error, without the times. */
  readonly stderr: string;
}

/**
 * Removes the time at the start of each line that has one.
 *
 * @param text Lines of standard error.
 * @returns The lines without the times.
 */
export function withoutTimes(text: string): string {
  return text.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm, "");
}

/**
 * Runs some work and keeps what it prints.
 *
 * @param work The work; nothing else may print meanwhile.
 * @returns What it printed.
 */
export async function captureOutput(
  work: () => void,
): Promise<CapturedOutput> {
  const texts = ["", ""];
  const streams = [Deno.stdout, Deno.stderr];
  const writes = streams.map((stream, i) => {
    const { write } = stream;
    const decoder = new TextDecoder();
    stream.write = (bytes) => {
      // A few bytes at a time, as a pipe that is nearly full takes them.
      const taken = bytes.subarray(0, 100);
      texts[i] += decoder.decode(taken, { stream: true });
      return Promise.resolve(taken.length);
    };
    return () => stream.write = write;
  });
  try {
    work();
    await Promise.all([output.written(), errors.written()]);
  } finally {
    for (const restore of writes) restore();
  }
  const [stdout = "", stderr = ""] = texts;
  return { stdout, stderr: withoutTimes(stderr) };
}
