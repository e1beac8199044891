/**
 * One Java program of an engine: started in a session of its own, recorded, found again, stopped.
 *
 * @module
 */

import { messageOf, PipelineError } from "../base/errors.ts";
import { readIfThere, removeIfThere, writeWhole } from "./paths.ts";
import { processIdentity, signalProcess } from "./shell.ts";
import type { Watchdog } from "./watchdog.ts";

/** What is run. */
export interface JavaCommand {
  /** Arguments for `java`: its own options, the class or jar, and what that takes. */
  readonly args: readonly string[];
  /** Environment variables added to this process's own. */
  readonly env?: Record<string, string>;
}

/** Settings of a {@linkcode JavaProcess}. */
export interface JavaProcessOptions {
  /** Its name in file names. */
  readonly name: string;
  /** Its name in messages. */
  readonly title: string;
  /** The folder for its record. */
  readonly run: string;
  /** The folder for its output. */
  readonly logs: string;
  /** Does what must be done before each start, and says what to run. */
  readonly prepare: () => Promise<JavaCommand>;
  /** Resolves once the program does its work; it is asked again until it does. Rejects while it does not. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** Ends the program when this process dies. Without it, the program lives on. */
  readonly watchdog?: Watchdog;
  /** How long a start may take, in milliseconds. @default {60000} */
  readonly startTimeout?: number;
}

/** A process's record: enough to tell it from a later process with the same id. */
export interface ProcessRecord {
  /** The process id. */
  readonly pid: number;
  /** When it was started, as {@linkcode processIdentity} says. */
  readonly identity: string;
}

/**
 * Reads a process's record.
 *
 * @param text The text of the record's file.
 * @returns The record, or nothing where the text is not one.
 */
export function parseRecord(text: string): ProcessRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, identity } = value as Record<string, unknown>;
    return Number.isSafeInteger(pid) && Number(pid) > 1 &&
        typeof identity === "string"
      ? { pid: Number(pid), identity }
      : undefined;
  } catch {
    return undefined;
  }
}

// The shell waits for a line before it becomes Java: by then the process is recorded, and no crash of this program in
// between can leave a Java process that nobody knows.
const LAUNCH =
  'log=$1; shift; read -r go && exec "$@" </dev/null >>"$log" 2>&1';

const POLL = 50;
const LOG_LINES = 12;

/** A Java program of an engine. */
export class JavaProcess {
  /** The file with what it prints; what the start before printed is beside it, in `….1`. */
  readonly logFile: string;
  readonly #options: JavaProcessOptions;
  readonly #recordFile: string;
  #record: ProcessRecord | undefined;
  #child: Deno.ChildProcess | undefined;

  /**
   * Makes the process, which is not started yet.
   *
   * @param options What to run and where.
   */
  constructor(options: JavaProcessOptions) {
    this.#options = options;
    this.logFile = `${options.logs}/${options.name}.log`;
    this.#recordFile = `${options.run}/${options.name}.json`;
  }

  /** Its process id, while it is known to run. */
  get pid(): number | undefined {
    return this.#record?.pid;
  }

  /** Its name in messages. */
  get title(): string {
    return this.#options.title;
  }

  /**
   * Looks whether it runs, by this object's knowledge or by the record that an earlier one left.
   *
   * @returns Whether it runs. A record that is garbage, or names a process that is gone or is another one, is dropped.
   */
  async running(): Promise<boolean> {
    const text = await readIfThere(this.#recordFile);
    // Another task may have started it anew since this object looked.
    for (const record of [this.#record, parseRecord(text ?? "")]) {
      if (record && await processIdentity(record.pid) === record.identity) {
        this.#record = record;
        return true;
      }
    }
    await this.#forget();
    return false;
  }

  /**
   * Starts it and waits until it does its work. Does nothing where it runs already, but wait.
   *
   * @throws {PipelineError} If it ends, or is not ready in time. The message has the end of its log.
   */
  async start(): Promise<void> {
    if (!await this.running()) await this.#spawn();
    await this.ready();
  }

  /**
   * Waits until it does its work.
   *
   * @throws {PipelineError} If it ends, or is not ready in time. The message has the end of its log.
   */
  async ready(): Promise<void> {
    const { title, startTimeout = 60_000 } = this.#options;
    const started = Date.now();
    const deadline = AbortSignal.timeout(startTimeout);
    let last: unknown;
    for (let attempt = 1; !deadline.aborted; attempt++) {
      try {
        return await this.#options.probe(deadline);
      } catch (error) {
        last = error;
      }
      // Asking the system costs more than asking the port, so it is asked now and then.
      if (attempt % 10 === 0 && !await this.running()) {
        throw await this.#failure(`${title} ended while it started`, last);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    throw await this.#failure(
      `${title} was not ready after ${
        Math.round((Date.now() - started) / 1000)
      } s`,
      last,
    );
  }

  /**
   * Ends it as it likes to be ended, and by force if that takes too long. Does nothing where it does not run.
   *
   * @param timeout After how many milliseconds force is used.
   * @returns Whether it ran.
   */
  async stop(timeout = 20_000): Promise<boolean> {
    if (!await this.running()) return false;
    const pid = this.#record!.pid;
    await signalProcess(pid, "TERM");
    if (!await this.#gone(timeout)) await this.kill();
    await this.#collect();
    return true;
  }

  /** Ends it at once, as a crash would. Does nothing where it does not run. */
  async kill(): Promise<void> {
    if (!await this.running()) return;
    await signalProcess(this.#record!.pid, "KILL");
    await this.#gone(10_000);
    await this.#collect();
  }

  async #spawn(): Promise<void> {
    const { run, logs, prepare, watchdog } = this.#options;
    await Deno.mkdir(run, { recursive: true });
    await Deno.mkdir(logs, { recursive: true });
    const { args, env = {} } = await prepare();
    await Deno.rename(this.logFile, `${this.logFile}.1`).catch(() => {});
    const child = new Deno.Command("sh", {
      args: ["-c", LAUNCH, "sh", this.logFile, "java", ...args],
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      // A session of its own: Ctrl+C in the terminal reaches this program, which decides, and not Java.
      detached: true,
    }).spawn();
    child.unref();
    this.#child = child;
    const identity = await processIdentity(child.pid) ?? "";
    this.#record = { pid: child.pid, identity };
    await writeWhole(this.#recordFile, JSON.stringify(this.#record) + "\n");
    await watchdog?.watch(this.#options.name, child.pid);
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode("go\n"));
    await stdin.close();
  }

  async #gone(timeout: number): Promise<boolean> {
    const deadline = Date.now() + timeout;
    while (await this.running()) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    return true;
  }

  async #collect(): Promise<void> {
    // Referenced again, or the wait would not keep this program alive.
    this.#child?.ref();
    await this.#child?.status;
    this.#child = undefined;
  }

  async #forget(): Promise<void> {
    this.#record = undefined;
    await removeIfThere(this.#recordFile);
    await this.#options.watchdog?.watch(this.#options.name, undefined);
  }

  async #failure(message: string, cause: unknown): Promise<PipelineError> {
    const text = await readIfThere(this.logFile) ?? "";
    return new PipelineError(message, {
      hint: [
        ...(cause ? [`Asked last, it answered: ${messageOf(cause)}`] : []),
        `Its log is ${this.logFile}, which ends:`,
        ...relevantLines(text).map((line) => `  ${line}`),
      ].join("\n"),
      cause,
    });
  }
}

/**
 * Picks what a person needs out of a Java program's log.
 *
 * @param log The log.
 * @param count How many lines at most.
 * @returns The last lines with errors and what belongs to them, or the last lines where there is no error.
 */
export function relevantLines(log: string, count = LOG_LINES): string[] {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  // Frames of a stack trace say little to a reader who has the file's name.
  const telling = lines.filter((line) => !/^\s+at |^\s+\.\.\. \d/.test(line));
  const errors = telling.filter((line) =>
    /ERROR|FATAL|Exception|Error:|Caused by/.test(line)
  );
  return (errors.length > 0 ? errors : telling).slice(-count);
}
