/**
 * Ends processes when the program that started them dies without a chance to do so, as by SIGKILL.
 *
 * A small shell process, in a session of its own, reads a pipe whose other end only this program holds. Each line is
 * the list of the process ids that run now. The system closes the pipe when this program is gone; the shell then kills
 * the last list and removes the folder of a throwaway engine.
 *
 * @module
 */

import type { ProcessWatch } from "../../lib/engine/java_process.ts";

const SCRIPT = `
trap '' INT HUP TERM
pids=
while read -r line; do
  if [ "$line" = done ]; then exit 0; fi
  pids=$line
done
if [ -n "$pids" ]; then kill -s KILL $pids 2>/dev/null; fi
if [ -n "$1" ]; then rm -rf "$1" || { sleep 1; rm -rf "$1"; }; fi`;

/** Ends processes, and removes a folder, when this program is gone. */
export class Watchdog implements ProcessWatch {
  readonly #child: Deno.ChildProcess;
  readonly #pipe: WritableStreamDefaultWriter<Uint8Array>;
  readonly #pids = new Map<string, number>();

  /** Starts to watch. When this program is gone, the folder is removed too, if one is given. */
  constructor(folder = "") {
    this.#child = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", folder],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    this.#child.unref();
    this.#pipe = this.#child.stdin.getWriter();
  }

  /** Sets the process that runs under a name: undefined when it has ended, as another process may get its id. */
  async watch(name: string, pid: number | undefined): Promise<void> {
    if (this.#pids.get(name) === pid) return;
    if (pid === undefined) this.#pids.delete(name);
    else this.#pids.set(name, pid);
    await this.#send([...this.#pids.values()].join(" "));
  }

  /** Ends the watch. The processes and the folder stay. */
  async release(): Promise<void> {
    await this.#send("done");
    await this.#pipe.close();
    // Referenced again, or the wait would not keep this program alive.
    this.#child.ref();
    await this.#child.status;
  }

  async #send(line: string): Promise<void> {
    await this.#pipe.write(new TextEncoder().encode(`${line}\n`));
  }
}
