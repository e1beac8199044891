/**
 * What a process costs: processor time and memory, as Linux counts them.
 *
 * Deno gives `/proc` only to a program with every permission, so the shell reads it.
 *
 * @module
 */

import { runScript } from "../../lib/engine/shell.ts";

/** Where `deno` is a wrapper of npm's, it is the last process of the line that works. */
const LEAF = `
pid=$1
while :; do
  child=$(cut -d ' ' -f 1 "/proc/$pid/task/$pid/children" 2>/dev/null)
  [ -n "$child" ] || break
  pid=$child
done`;

/**
 * Looks whether this system counts what processes cost.
 *
 * @returns Why not; nothing where it does.
 */
export async function whyNoCosts(): Promise<string | undefined> {
  const { code } = await runScript(
    '[ -r /proc/$$/stat ] && [ -r "/proc/$$/task/$$/children" ] && getconf CLK_TCK',
  );
  return code === 0 ? undefined : "needs Linux's /proc";
}

/**
 * Reads how much processor time a process has taken.
 *
 * @param pid Its id.
 * @returns The seconds, in the program and for it in the system.
 * @throws {Error} If it is gone.
 */
export async function processorSeconds(pid: number): Promise<number> {
  const { code, stdout, stderr } = await runScript(
    `${LEAF}\ngetconf CLK_TCK && cat "/proc/$pid/stat"`,
    String(pid),
  );
  if (code !== 0) throw new Error(`No process ${pid} any more: ${stderr}`);
  const [ticks = "", stat = ""] = stdout.split("\n");
  return parseTicks(stat) / Number(ticks);
}

/**
 * Reads a line of `/proc/PID/stat`.
 *
 * @param stat The line.
 * @returns The ticks of processor time, in the program and for it in the system.
 */
export function parseTicks(stat: string): number {
  // The name in parentheses may hold anything; the state behind it is field 3, and the two times are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** What a process has taken. */
export interface Costs {
  /** Its highest resident memory, in MiB. */
  readonly mebibytes: number;
  /** Its processor time, in the program and for it in the system, in seconds; up to the last tenth before its end. */
  readonly seconds: number;
  /** How long it ran, in seconds. */
  readonly elapsedSeconds: number;
}

/** Watches what a process takes, until it has ended. */
export class CostWatch {
  readonly #child: Deno.ChildProcess;
  readonly #startedMs = performance.now();

  /** @param pid The process's id. */
  constructor(pid: number) {
    this.#child = new Deno.Command("sh", {
      args: [
        "-c",
        // Where the process is a wrapper, what it wraps may come a moment later: it is looked for each time.
        `getconf CLK_TCK
        start=$1; while kill -0 "$start" 2>/dev/null; do set -- "$start"; ${LEAF}
        grep VmHWM "/proc/$pid/status" 2>/dev/null; cat "/proc/$pid/stat" 2>/dev/null; sleep 0.1; done`,
        "sh",
        String(pid),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /**
   * Waits until the process has ended.
   *
   * @returns What it took.
   */
  async end(): Promise<Costs> {
    const { stdout } = await this.#child.output();
    const elapsedSeconds = (performance.now() - this.#startedMs) / 1_000;
    const [ticksPerSecond, ...lines] = new TextDecoder().decode(stdout)
      .trimEnd().split("\n");
    const sizes = lines.map((line) => /(\d+) kB$/.exec(line)?.[1] ?? 0);
    const ticks = lines.filter((line) => !line.endsWith("kB")).map(parseTicks);
    return {
      mebibytes: Math.max(...sizes.map(Number)) / 1024,
      seconds: Math.max(...ticks) / Number(ticksPerSecond),
      elapsedSeconds,
    };
  }
}
