/**
 * Runs other people's programs: Python, kcat.
 *
 * @module
 */

import { PATIENCE_MS } from "./patience.ts";

/** How a program ended. */
export interface CommandResult {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: Uint8Array;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 *
 * @param program The program, and its arguments.
 * @param options What it reads from standard input, and after how many milliseconds it is killed,
 * {@linkcode PATIENCE_MS} by default.
 * @returns How it ended.
 * @throws {Deno.errors.NotFound} If there is no such program.
 */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly input?: string; readonly deadlineMs?: number } = {},
): Promise<CommandResult> {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { input = "", deadlineMs = PATIENCE_MS } = options;
  const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
  try {
    const writer = child.stdin.getWriter();
    // A program that ends without reading its input breaks the pipe; how it ended says why.
    const written = writer.write(new TextEncoder().encode(input))
      .then(() => writer.close()).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    await written;
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}
