/**
 * A contender's program while it runs.
 *
 * @module
 */

import { checkoutFolder } from "../../lib/engine/paths.ts";
import type { Command } from "./contender.ts";

/** A line that a program wrote, and when it came. */
export interface TimedLine {
  /** The line. */
  readonly text: string;
  /** When it came, in ms since 1970, with fractions. */
  readonly at: number;
}

/** How much of standard error is kept for a message, in characters. */
const MAX_ERRORS = 2_000;

/**
 * Tells the time.
 *
 * @returns The ms since 1970, with fractions.
 */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** A program that runs. Disposing of it kills it, if it runs still. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #seen: (line: TimedLine) => void;
  #errors = "";
  #running = true;
  #kept = "";
  /** When it was started, in ms since 1970. */
  readonly started = now();

  /**
   * Starts it.
   *
   * @param command What to run.
   * @param seen Is told of each line on its standard output, as it comes.
   */
  constructor(command: Command, seen: (line: TimedLine) => void = () => {}) {
    this.#seen = seen;
    this.#process = new Deno.Command(command.program, {
      args: [...command.args],
      env: { ...command.env },
      cwd: checkoutFolder(),
      stdin: command.fed ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch();
    // Whoever waits for the end is told.
    this.#ended.catch(() => {});
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** The last of what it wrote to standard output. */
  get output(): string {
    return this.#kept;
  }

  /** The last of what it wrote to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** Its standard input, where it is fed. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#process.stdin;
  }

  async #watch(): Promise<Deno.CommandStatus> {
    const decoder = new TextDecoder();
    const errors = async () => {
      for await (const chunk of this.#process.stderr) {
        this.#errors = (this.#errors + decoder.decode(chunk))
          .slice(-MAX_ERRORS);
      }
    };
    const [status] = await Promise.all([
      this.#process.status,
      this.#readLines(),
      errors(),
    ]);
    this.#running = false;
    return status;
  }

  async #readLines(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#process.stdout) {
      const at = now();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(
        "\n",
      );
      rest = lines.pop() ?? "";
      for (const text of lines) this.#seen({ text, at });
      this.#kept = [this.#kept, ...lines].join("\n").slice(-MAX_ERRORS);
    }
  }

  /**
   * Waits until it has ended.
   *
   * @param deadlineMs After how long it is killed, in milliseconds.
   * @returns Nothing where it went well, else what went wrong.
   */
  async end(deadlineMs: number): Promise<string | undefined> {
    let overdue = false;
    const timer = setTimeout(() => {
      overdue = true;
      this.#process.kill("SIGKILL");
    }, deadlineMs);
    try {
      const { code } = await this.#ended;
      if (overdue) return `not done within ${deadlineMs / 1_000} s`;
      return code === 0
        ? undefined
        : `exit code ${code}: ${this.#errors.trim().split("\n").at(-1)}`;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills it if it runs still, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) {
      try {
        this.#process.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await this.#ended.catch(() => {});
  }
}
