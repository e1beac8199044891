/**
 * Ends an engine when the program that started it dies without a chance to do so, as by SIGKILL.
 *
 * A small shell process, in a session of its own, reads a pipe whose other end only this program holds. The system closes the pipe
 * when this program is gone; the shell then kills the processes that the engine's records name, and removes the engine's folder.
 *
 * @module
 */

const SCRIPT = `
trap '' INT HUP TERM
if read -r _; then exit 0; fi
for record in "$1"/run/*.json; do
  pid=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$record")
  if [ -n "$pid" ]; then kill -s KILL "$pid"; fi
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }`;

/** Ends an engine, and removes its folder, when this program is gone. */
export class Watchdog {
  readonly #child: Deno.ChildProcess;

  /** Starts to watch the engine of a folder. */
  constructor(folder: string) {
    this.#child = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", folder],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    this.#child.unref();
  }

  /** Ends the watch. The processes and the folder stay. */
  async release(): Promise<void> {
    const pipe = this.#child.stdin.getWriter();
    await pipe.write(new TextEncoder().encode("done\n"));
    await pipe.close();
    // Referenced again, or the wait would not keep this program alive.
    this.#child.ref();
    await this.#child.status;
  }
}
