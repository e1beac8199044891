/**
 * What a test changes on the machine, in the hands of a shell script: the script ends with its input, so that it cleans up after a
 * test that is killed, too.
 *
 * @module
 */

/** A script that runs. It writes a line when it is ready, then one for each line of its input that it has done. */
export class HeldShell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  /**
   * Starts a script.
   *
   * @param script The script.
   * @param args Its arguments.
   */
  constructor(script: string, args: readonly string[] = []) {
    this.#child = new Deno.Command("sh", {
      args: ["-c", script, "sh", ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Waits for the next line.
   *
   * @returns The line.
   * @throws {Error} If the script has ended.
   */
  async answered(): Promise<string> {
    const { value } = await this.#output.read();
    if (value === undefined) throw new Error("The script has ended");
    return value.trim();
  }

  /**
   * Lets it do something.
   *
   * @param line What it is to do.
   * @throws {Error} If the script has ended.
   */
  async command(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    await this.answered();
  }

  /** Ends its input, and waits until it has cleaned up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
  }
}
