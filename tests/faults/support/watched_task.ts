/**
 * A task in a process of its own, read line by line while it runs, however much it writes.
 *
 * @module
 */

import { isProgress, withoutTimes } from "../../support/captured_output.ts";
import { PATIENCE_MS } from "../../support/patience.ts";
import type { Config } from "../../../lib/settings/config.ts";
import { checkoutFolder } from "../../../lib/engine/paths.ts";
import {
  commandOf,
  netFlag,
  type PipelineTask,
  type TaskOptions,
} from "../../support/task_process.ts";

/** How a watched task ended. */
export interface WatchedEnd {
  /** Its exit code. */
  readonly code: number;
  /** The lines on standard error. */
  readonly stderr: readonly string[];
  /** How long the wait for the end took, in milliseconds. */
  readonly tookMs: number;
}

/** Where and how a watched task runs. */
export interface WatchOptions extends Pick<TaskOptions, "env" | "reach"> {
  /** The namespace whose network it has. By default that of this machine. */
  readonly namespace?: string | undefined;
}

/** Becomes a program in a namespace. */
const ENTER = 'exec ip netns exec "$0" "$@"';

/** A task that runs. Disposing of it kills it, if it runs still. */
export class WatchedTask implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<number>;
  readonly #stderr: string[] = [];
  #running = true;
  #changed = Promise.withResolvers<void>();

  /**
   * Starts a task.
   *
   * @param config Where the engine is.
   * @param task The task.
   * @param args Its arguments.
   * @param onLine Is told of each whole line on standard output: a line that a kill has cut is none.
   * @param options Where and how it runs.
   */
  constructor(
    config: Config,
    task: PipelineTask,
    args: readonly string[],
    onLine: (line: string) => void = () => {},
    options: WatchOptions = {},
  ) {
    const { flags, script } = commandOf(task);
    const { env, reach, namespace } = options;
    this.#name = `${task} ${args.join(" ")}`;
    const command = ["deno", ...flags, netFlag(config, reach), script, ...args];
    const [program = "", ...words] = namespace === undefined
      ? command
      : ["sh", "-c", ENTER, namespace, ...command];
    this.#child = new Deno.Command(program, {
      args: words,
      cwd: checkoutFolder(),
      env: {
        KAFKA_BROKERS: config.brokers.join(","),
        SCHEMA_REGISTRY_URL: config.registryUrl,
        NO_COLOR: "1",
        ...env,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch(onLine);
  }

  /** Whether it has not ended yet. */
  get running(): boolean {
    return this.#running;
  }

  /** The lines on standard error so far. */
  get stderr(): readonly string[] {
    return this.#stderr;
  }

  async #watch(onLine: (line: string) => void): Promise<number> {
    const [{ code }] = await Promise.all([
      this.#child.status,
      this.#collect(this.#child.stdout, onLine),
      this.#collect(
        this.#child.stderr,
        (line) => {
          const text = withoutTimes(line);
          if (!isProgress(text)) this.#stderr.push(text);
        },
      ),
    ]);
    this.#running = false;
    this.#tell();
    return code;
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      this.#tell();
    }
  }

  /** Wakes whoever waits for something. */
  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /**
   * Waits until something holds that its output decides.
   *
   * @param what What it is, for the error.
   * @param holds Tells whether it holds.
   * @param deadlineMs For how long at most, in milliseconds.
   * @throws {Error} If it ends without, or takes too long.
   */
  async until(
    what: string,
    holds: () => boolean,
    deadlineMs = PATIENCE_MS,
  ): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, deadlineMs);
    const deadline = Date.now() + deadlineMs;
    try {
      while (!holds()) {
        if (!this.#running) throw this.#error(`Ended without: ${what}`);
        if (Date.now() >= deadline) {
          throw this.#error(`Not within ${deadlineMs} ms: ${what}`);
        }
        await Promise.race([this.#changed.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Waits until a line is on standard error.
   *
   * @param line What the line contains.
   * @param times How often.
   */
  async untilSaid(line: string, times = 1): Promise<void> {
    await this.until(
      `${times} x "${line}"`,
      () => this.#stderr.filter((one) => one.includes(line)).length >= times,
    );
  }

  /**
   * Waits for something else that happens only while it runs.
   *
   * @param what What it is, for the error.
   * @param happens When it has happened.
   * @throws {Error} If it ends before, or that takes too long.
   */
  async while(what: string, happens: Promise<void>): Promise<void> {
    let happened = false;
    let failure = undefined as { readonly error: unknown } | undefined;
    happens.then(() => {
      happened = true;
    }, (error) => {
      failure = { error };
    }).finally(() => this.#tell());
    await this.until(what, () => happened || failure !== undefined);
    if (failure) throw failure.error;
  }

  /** @param signal What to send it. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits for its end.
   *
   * @param deadlineMs For how long at most, in milliseconds.
   * @returns How it ended.
   * @throws {Error} If it takes too long; it is killed then.
   */
  async end(deadlineMs = PATIENCE_MS): Promise<WatchedEnd> {
    const started = Date.now();
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), deadlineMs);
    const code = await Promise.race([this.#ended, late.promise]);
    clearTimeout(timer);
    if (code === undefined) {
      const error = this.#error(`Not done within ${deadlineMs} ms`);
      await this.kill();
      throw error;
    }
    return { code, stderr: this.#stderr, tookMs: Date.now() - started };
  }

  /** Ends it with SIGKILL, and waits until everything that it wrote has been read. */
  async kill(): Promise<void> {
    if (this.#running) {
      try {
        this.signal("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await this.#ended;
  }

  #error(what: string): Error {
    return new Error(
      `${what}: ${this.#name}\n${this.#stderr.slice(-20).join("\n")}`,
    );
  }

  /** Kills it if it runs still, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
