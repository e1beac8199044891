/**
 * The few things about other processes that Deno gives only to a program with every permission, asked of `sh` instead:
 * signals, who a process is, which process holds a port.
 *
 * @module
 */

/** What a command left behind. */
export interface Finished {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** Settings of {@linkcode runCommand}. */
export interface RunOptions {
  /** Environment variables added to this process's own. */
  readonly env?: Record<string, string>;
  /** The folder to run it in. */
  readonly cwd?: string;
  /** After how many milliseconds it is killed. @default {10000} */
  readonly timeout?: number;
}

/**
 * Runs a program to its end and keeps its output.
 *
 * @param command The program and its arguments.
 * @param options Environment, folder and deadline.
 * @returns Its exit code and output. A program that is not there has the code 127, as in a shell.
 */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<Finished> {
  const [program, ...args] = command;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeout ?? 10_000);
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
      signal: deadline.signal,
      ...(options.env && { env: options.env }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: 127, stdout: "", stderr: `${program}: not found` };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a script of the POSIX shell.
 *
 * @param script The script; its arguments are `$1`, `$2` and so on.
 * @param args The arguments.
 * @returns Its exit code and output.
 */
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
 * Reads out of what the system says about a process when it was started, so that the process can be told from a later one
 * with the same id.
 *
 * @param text A line of `/proc/PID/stat` and the boot id, or a line of `ps -o stat= -o lstart=`.
 * @returns The moment of its start, as the system counts it; nothing where the process has ended and only waits to be
 * collected.
 */
export function parseIdentity(text: string): string | undefined {
  const [first = "", boot = ""] = text.trim().split("\n");
  const end = first.lastIndexOf(")");
  const fields = first.slice(end + 1).trim().split(/\s+/);
  const [state = ""] = fields;
  // A Java process whose first thread has ended may still have others, and with them its ports, for a moment.
  const threads = end >= 0 ? Number(fields[17]) : 1;
  if (/^[ZX]/.test(state) && threads <= 1) return undefined;
  // In /proc/PID/stat, the start time is field 22; the state, field 3, comes right behind the name in parentheses.
  const started = end >= 0 ? fields[19] : fields.slice(1).join(" ");
  return started ? `${boot.trim()} ${started}`.trim() : undefined;
}

/**
 * Tells a process from every other that had, or will have, the same id.
 *
 * @param pid The process id.
 * @returns When it was started, as the system counts it; nothing where no such process runs.
 */
export async function processIdentity(
  pid: number,
): Promise<string | undefined> {
  const { code, stdout } = await runScript(IDENTITY, String(pid));
  // The boot id may be missing in a container: the start time alone has to do then.
  return code === 0 || stdout.includes(")") ? parseIdentity(stdout) : undefined;
}

/**
 * Sends a signal.
 *
 * @param pid The process that gets it. One that is gone already is passed over.
 * @param signal The signal's name without SIG.
 */
export async function signalProcess(
  pid: number,
  signal: "TERM" | "KILL" | "STOP" | "CONT",
): Promise<void> {
  await runScript('kill -s "$1" "$2"', signal, String(pid));
}

/**
 * Reads how a process was started.
 *
 * @param pid The process id.
 * @returns Its command line, or nothing where it is gone or belongs to someone else.
 */
export async function commandLine(pid: number): Promise<string | undefined> {
  const { stdout } = await runScript(
    `if [ -d /proc/self ]; then tr '\\0' ' ' <"/proc/$1/cmdline"; else ps -o command= -p "$1"; fi`,
    String(pid),
  );
  return stdout.trim() || undefined;
}
