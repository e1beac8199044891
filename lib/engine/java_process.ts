/**
 * One Java program of an engine: started in a session of its own, recorded, found later by another task, stopped.
 *
 * @module
 */

import { messageOf, PipelineError } from "../base/errors.ts";
import { readIfThere, removeIfThere, writeWhole } from "../base/files.ts";
import { pause, within } from "../base/pause.ts";
import type { ProgramChoice } from "./download.ts";
import { parseRecord } from "./paths.ts";
import {
  processIdentity,
  programEnvironment,
  signalProcess,
  throwIfStopped,
} from "./shell.ts";

/** Options for a Java that starts quickly and uses little memory. */
export const SMALL_JAVA: readonly string[] = [
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:-UsePerfData",
  "-Xshare:auto",
];

/** What to run. */
export interface JavaCommand {
  /** Arguments for `java`: its own options, the class or jar, and what that takes. */
  readonly args: readonly string[];
  /** Environment variables, added to those that every Java program gets. */
  readonly env?: Record<string, string>;
}

/** What the parts of an engine have in common. */
export interface PartOptions {
  /** The engine's state folder. */
  readonly dir: string;
  /** Which versions it runs. By default the newest. */
  readonly programs?: ProgramChoice | undefined;
  /** Has Java write an archive of its classes when it ends. */
  readonly archiveClasses?: boolean | undefined;
}

/** Options for a {@linkcode JavaProcess}. */
export interface JavaProcessOptions {
  readonly name: string;
  readonly title: string;
  readonly run: string;
  readonly logs: string;
  readonly prepare: (signal?: AbortSignal) => Promise<JavaCommand>;
  /** Resolves if the program does its work, and rejects if it does not yet. */
  readonly probe: () => Promise<void>;
  readonly startTimeoutMs?: number;
}

/** The record of a process, which tells it from a later one with the same id. */
interface ProcessRecord {
  readonly pid: number;
  readonly identity: string;
}

// The shell waits for a line before it becomes Java. By then the process is recorded, so a crash of this program in between
// leaves no Java process without a record.
const LAUNCH =
  'log=$1; shift; read -r go && exec "$@" </dev/null >>"$log" 2>&1';

/** Long, as a slow machine that is busy besides takes a minute; a program that ends is noticed earlier. */
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
/** How many probes pass between two looks at the process: a look costs more than a probe. */
const PROBES_PER_LOOK = 10;
const LOG_LINES_COUNT = 12;

/** A Java program of an engine. */
export class JavaProcess {
  /** The file with its output; that of the start before is beside it, in `….1`. */
  readonly logFile: string;
  readonly #options: JavaProcessOptions;
  readonly #recordFile: string;
  #record: ProcessRecord | undefined;
  #child: Deno.ChildProcess | undefined;

  constructor(options: JavaProcessOptions) {
    this.#options = options;
    this.logFile = `${options.logs}/${options.name}.log`;
    this.#recordFile = `${options.run}/${options.name}.json`;
  }

  /** Its process id; undefined if it is not known to run. */
  get pid(): number | undefined {
    return this.#record?.pid;
  }

  get title(): string {
    return this.#options.title;
  }

  /** Determines whether it runs, by what this object knows or by the record that an earlier one left. */
  async running(): Promise<boolean> {
    const text = await readIfThere(this.#recordFile);
    // Another task may have started it again since this object looked.
    const recorded = parseRecord<ProcessRecord>(text, "identity");
    for (const record of [this.#record, recorded]) {
      if (record && await processIdentity(record.pid) === record.identity) {
        this.#record = record;
        return true;
      }
    }
    await this.#forget(text);
    return false;
  }

  /** Starts it, unless it runs already, and waits until it does its work. If the signal ends the wait, what was started keeps running. */
  async start(signal?: AbortSignal): Promise<void> {
    if (!await this.running()) await this.#spawn(signal);
    await this.ready(signal);
  }

  /** Waits until it does its work. */
  async ready(signal?: AbortSignal): Promise<void> {
    const { title, probe, startTimeoutMs = START_TIMEOUT_MS } = this.#options;
    const deadline = AbortSignal.timeout(startTimeoutMs);
    const either = AbortSignal.any([deadline, ...signal ? [signal] : []]);
    let last: unknown;
    for (let attempt = 1; !deadline.aborted; attempt++) {
      throwIfStopped(signal);
      try {
        // A client may take longer to give up a program that was suspended.
        return await within(probe(), {
          timeoutMs: startTimeoutMs,
          signal: either,
          late: () => new Error(`${title} does not answer`),
        });
      } catch (error) {
        last = error;
      }
      if (attempt % PROBES_PER_LOOK === 0 && !await this.running()) {
        throw await this.#failure(`${title} ended while it started`, last);
      }
      await pause(POLL_MS, either);
    }
    throw await this.#failure(
      `${title} was not ready after ${startTimeoutMs / 1000} s`,
      last,
    );
  }

  /** Asks it to end, and kills it if that takes too long. Returns whether it ran. */
  async stop(timeoutMs: number = STOP_TIMEOUT_MS): Promise<boolean> {
    if (!await this.running()) return false;
    const pid = this.#record!.pid;
    await signalProcess(pid, "TERM");
    if (!await this.#gone(timeoutMs)) await this.kill();
    await this.#collect();
    return true;
  }

  /** Ends it immediately, as a crash would. Does nothing if it does not run. */
  async kill(): Promise<void> {
    if (!await this.running()) return;
    await signalProcess(this.#record!.pid, "KILL");
    await this.#gone(KILL_TIMEOUT_MS);
    await this.#collect();
  }

  async #spawn(signal?: AbortSignal): Promise<void> {
    const { run, logs, prepare } = this.#options;
    await Deno.mkdir(run, { recursive: true });
    await Deno.mkdir(logs, { recursive: true });
    const { args, env = {} } = await prepare(signal);
    throwIfStopped(signal);
    await Deno.rename(this.logFile, `${this.logFile}.1`).catch(() => {});
    const child = new Deno.Command("sh", {
      args: ["-c", LAUNCH, "sh", this.logFile, "java", ...args],
      clearEnv: true,
      env: { ...programEnvironment("java"), ...env },
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      // A session of its own: Ctrl+C in the terminal reaches this program, which decides what to stop.
      detached: true,
    }).spawn();
    child.unref();
    this.#child = child;
    const identity = await processIdentity(child.pid) ?? "";
    this.#record = { pid: child.pid, identity };
    await writeWhole(this.#recordFile, JSON.stringify(this.#record) + "\n");
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode("go\n"));
    await stdin.close();
  }

  async #gone(timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (await this.running()) {
      if (Date.now() > deadline) return false;
      await pause(POLL_MS);
    }
    return true;
  }

  async #collect(): Promise<void> {
    // Referenced again, or the wait would not keep this program alive.
    this.#child?.ref();
    await this.#child?.status;
    this.#child = undefined;
  }

  /** Forgets a process that is gone, and removes its record, unless another task has written one since. */
  async #forget(text: string | undefined): Promise<void> {
    this.#record = undefined;
    if (text !== undefined && await readIfThere(this.#recordFile) === text) {
      await removeIfThere(this.#recordFile);
    }
  }

  async #failure(message: string, cause: unknown): Promise<PipelineError> {
    const text = await readIfThere(this.logFile) ?? "";
    return new PipelineError(message, {
      hint: [
        ...(cause ? [`The last probe failed: ${messageOf(cause)}`] : []),
        `Its log is ${this.logFile}, which ends:`,
        ...relevantLines(text).map((line) => `  ${line}`),
      ].join("\n"),
      cause,
    });
  }
}

/** Picks the lines of a Java program's log that a person needs: the last ones with errors, or else the last ones. */
export function relevantLines(
  log: string,
  count: number = LOG_LINES_COUNT,
): string[] {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  // Frames of a stack trace say little; the log file has them.
  const readable = lines.filter((line) => !/^\s+at |^\s+\.\.\. \d/.test(line));
  const errors = readable.filter((line) =>
    /ERROR|FATAL|Exception|Error:|Caused by/.test(line)
  );
  return (errors.length > 0 ? errors : readable).slice(-count);
}
