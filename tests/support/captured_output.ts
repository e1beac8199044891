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
 * Removes how long a run took, and its rate, from an account. On a busy machine a run is long enough to say how far it is: those
 * lines are removed too.
 *
 * @param text Lines of standard error.
 * @returns The lines, in which `Delivered 5 events in 1.0 s (5/s).` is `Delivered 5 events.`
 */
export function withoutDuration(text: string): string {
  return withoutProgress(text)
    .replace(/ in [\d.]+ m?s( \([\d,]+\/s\))?/g, "");
}

function withoutProgress(text: string): string {
  return text.replace(
    /^.*\n/gm,
    (line) => isProgress(line.trimEnd()) ? "" : line,
  );
}

/**
 * Removes what a run says only because the machine is busy: how far it is, and the waits that have ended. A broker that takes more
 * than 5 s to answer is waited for as one that is away.
 *
 * @param text Lines of standard error, without the times.
 * @returns The lines without them. A wait that has not ended stays, and so does one at the start that an error has ended, unless
 * Kafka has answered that a topic is not as it should be.
 */
export function withoutHoldUps(text: string): string {
  const ended = withoutProgress(text).replace(
    /^Waiting for .* \(up to \d+ s\)\.\.\.\n(?!Error: (?!Topic '))/gm,
    "",
  );
  return ["Kafka", "the Schema Registry", "the database"].reduce(
    (rest, what) =>
      rest.replace(
        new RegExp(
          `^(?=.*${what}).*Waiting for .*\\.\\.\\.\\n((?:.*\\n)*?)No longer waiting for ${what}\\.\\n`,
          "gim",
        ),
        "$1",
      ),
    ended,
  );
}

/**
 * Removes the time that is left of a wait: a start on a busy machine takes some of it.
 *
 * @param text Lines of standard error.
 * @returns The lines, in which `(up to 10 s)` is `(up to N s)`.
 */
export function withoutWait(text: string): string {
  return text.replace(/\(up to \d+ s\)/, "(up to N s)");
}

/**
 * Tells whether a line only says how far a run is: a long run prints one every 10 s.
 *
 * @param line The line, without its time.
 * @returns Whether it is such a line.
 */
export function isProgress(line: string): boolean {
  return /^(?:Consumed|Delivered|Stored) [\d,]+ events?(?: \([\d,]+\/s\))?(?:, [^;]*)?\.$/
    .test(line);
}

/**
 * Runs some work and keeps what it prints.
 *
 * @param work The work; nothing else may print meanwhile.
 * @param options Whether standard error counts as a terminal.
 * @returns What it printed.
 */
export async function captureOutput(
  work: () => void | Promise<void>,
  { terminal = false } = {},
): Promise<CapturedOutput> {
  const { isTerminal } = errors;
  Object.defineProperty(errors, "isTerminal", { value: terminal });
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
    await work();
    await Promise.all([output.written(), errors.written()]);
  } finally {
    for (const restore of writes) restore();
    Object.defineProperty(errors, "isTerminal", { value: isTerminal });
  }
  const [stdout = "", stderr = ""] = texts;
  return { stdout, stderr: withoutTimes(stderr) };
}
