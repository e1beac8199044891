/**
 * What some work prints, kept instead of shown. Needs no permission.
 *
 * @module
 */

/** What was printed. */
export interface CapturedOutput {
  /** Standard output. */
  readonly stdout: string;
  /** What went to standard error, a line for each call. */
  readonly stderr: string;
}

/**
 * Runs some work and keeps what it prints.
 *
 * @param work The work; nothing else may print meanwhile.
 * @returns What it printed.
 */
export function captureOutput(work: () => void): CapturedOutput {
  const decoder = new TextDecoder();
  const { writeSync } = Deno.stdout;
  const { error } = console;
  let stdout = "";
  let stderr = "";
  Deno.stdout.writeSync = (bytes) => {
    // A few bytes at a time, as a pipe that is nearly full takes them.
    const taken = bytes.subarray(0, 100);
    stdout += decoder.decode(taken, { stream: true });
    return taken.length;
  };
  console.error = (line: string) => void (stderr += `${line}\n`);
  try {
    work();
  } finally {
    Deno.stdout.writeSync = writeSync;
    console.error = error;
  }
  return { stdout, stderr };
}
