/**
 * Other programs, run to their end, and what Deno tells about other processes only with all permissions: signals, the
 * identity of a process, the holder of a port. These are asked of `sh`.
 *
 * @module
 */

import { StoppedError } from "../base/errors.ts";

/** The result of a command. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for {@linkcode runCommand}. */
export interface RunOptions {
  /** Environment variables, added to this process's own. */
  readonly env?: Record<string, string>;
  /** Whether `env` is the whole environment. @default {false} */
  readonly clearEnv?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The variables that every Java program gets, and those that Maven gets as well: the user's options for it, such as a proxy. */
const JAVA_VARIABLES = ["HOME", "JAVA_HOME", "LANG", "LC_ALL", "PATH", "TZ"];
const MAVEN_VARIABLES = ["MAVEN_ARGS", "MAVEN_OPTS"];

/** The environment of a Java program, or of Maven: no secret of the shell reaches a server that keeps running, or a plugin. */
export function programEnvironment(
  of: "java" | "maven",
): Record<string, string> {
  const names = [...JAVA_VARIABLES, ...of === "maven" ? MAVEN_VARIABLES : []];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Long, as a look at a process that does not come to its end on a busy machine would tell that the process has ended. */
const RUN_TIMEOUT_MS = 60_000;
/** The exit code of a shell for a program that does not exist. */
const NOT_FOUND = 127;

/** Runs a program to its end and keeps its output. The code of a program that does not exist is 127, as in a shell. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<Finished> {
  const [program, ...args] = command;
  const { env, clearEnv = false, timeoutMs = RUN_TIMEOUT_MS, signal } = options;
  throwIfStopped(signal);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
      clearEnv,
      signal: AbortSignal.any([deadline, ...signal ? [signal] : []]),
      ...(env && { env }),
    }).output();
    throwIfStopped(signal);
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: NOT_FOUND, stdout: "", stderr: `${program}: not found` };
  }
}

/** Throws a StoppedError if the signal was aborted. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new StoppedError(
      "Stopped while the engine started: what it had started is stopped again",
    );
  }
}

/** Runs a script of the POSIX shell; its arguments are `$1`, `$2` and so on. */
export function runScript(
  script: string,
  ...args: string[]
): Promise<Finished> {
  return runCommand(["sh", "-c", script, "sh", ...args]);
}

const IDENTITY = `
if [ -d /proc/self ]; then
  cat "/proc/$1/stat" && cat /proc/sys/kernel/random/boot_id
else
  LC_ALL=C ps -o stat= -o lstart= -p "$1"
fi`;

/**
 * Reads a process's start time; undefined if it has ended.
 *
 * @param text A line of `/proc/PID/stat` and the boot id, or a line of `ps -o stat= -o lstart=`.
 */
export function parseIdentity(text: string): string | undefined {
  const [first = "", boot = ""] = text.trim().split("\n");
  const end = first.lastIndexOf(")");
  const fields = first.slice(end + 1).trim().split(/\s+/);
  const [state = ""] = fields;
  // A Java process whose first thread has ended may still have others, and with them its ports, for a moment.
  const threads = end >= 0 ? Number(fields[17]) : 1;
  if (/^[ZX]/.test(state) && threads <= 1) return undefined;
  // In /proc/PID/stat, the start time is field 22; the state, field 3, follows the name in parentheses.
  const started = end >= 0 ? fields[19] : fields.slice(1).join(" ");
  return started ? `${boot.trim()} ${started}`.trim() : undefined;
}

/** Tells a process from all others of the same id, before and after: its start time as the system counts it; undefined if it is gone. */
export async function processIdentity(
  pid: number,
): Promise<string | undefined> {
  const { code, stdout } = await runScript(IDENTITY, String(pid));
  // A container may have no boot id: the start time alone has to do then.
  return code === 0 || stdout.includes(")") ? parseIdentity(stdout) : undefined;
}

/** Sends a signal. Nothing happens if the process is gone. */
export async function signalProcess(
  pid: number,
  signal: "TERM" | "KILL" | "STOP" | "CONT",
): Promise<void> {
  await runScript('kill -s "$1" "$2"', signal, String(pid));
}

/** Reads the command line of a process; undefined if it is gone or belongs to another user. */
export async function commandLine(pid: number): Promise<string | undefined> {
  const { stdout } = await runScript(
    `if [ -d /proc/self ]; then tr '\\0' ' ' <"/proc/$1/cmdline"; else ps -o command= -p "$1"; fi`,
    String(pid),
  );
  return stdout.trim() || undefined;
}
