/**
 * Runs a pipeline task as a user does: the command of `deno.json` in a process of its own, with that task's own permissions.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { type Config, DEFAULT_CONFIG } from "../../lib/settings/config.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { withoutHoldUps, withoutTimes } from "./captured_output.ts";
import { PATIENCE_MS } from "./patience.ts";

/** The tasks that talk to Kafka and the registry. */
export type PipelineTask =
  | "topic"
  | "produce"
  | "consume"
  | "dashboard"
  | "dlq"
  | "store"
  | "schema"
  | "group"
  | "peek"
  | "doctor"
  | "dashboard";

/** How a task is run. */
export interface TaskOptions {
  /** Environment variables besides those that name the engine. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input; nothing by default. */
  readonly input?: string | Uint8Array<ArrayBuffer>;
  /** Leaves standard input open, for {@linkcode TaskProcess.write}. */
  readonly keepInputOpen?: boolean;
  /** Which output is left unread until {@linkcode TaskProcess.readAll}: its pipe fills up. */
  readonly unread?: "stdout" | "stderr";
  /** Hosts with ports that it may reach besides the engine. */
  readonly reach?: readonly string[];
  /** Folders that it may read instead of those that its own permissions name. */
  readonly read?: readonly string[];
  /** A script that runs in place of the task's own, with its flags. */
  readonly script?: string;
  /** After how long it is killed, in milliseconds; {@linkcode PATIENCE_MS} by default. */
  readonly deadlineMs?: number;
}

/** How a task ended. */
export interface TaskResult {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error, without the times and the hold-ups: {@linkcode withoutHoldUps}. */
  readonly stderr: string;
}

/**
 * Splits a task's command in `deno.json` into variables, Deno's flags and the script.
 *
 * @param task The task.
 * @returns The variables that it sets, the arguments of `deno` before the script, and the script.
 * @throws {Error} If the command does not end in `deno run … tasks/….ts`.
 */
export function commandOf(
  task: PipelineTask,
): {
  readonly env: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  readonly script: string;
} {
  // The last of several commands runs the task; those before it make the checkout ready.
  const command = denoJson.tasks[task].command.split(" && ").at(-1) ?? "";
  const words = command.split(" ");
  const env: Record<string, string> = {};
  for (;;) {
    const [, name, value = ""] = /^(\w+)=(.*)$/.exec(words[0] ?? "") ?? [];
    if (name === undefined) break;
    env[name] = value;
    words.shift();
  }
  const script = words.pop() ?? "";
  if (words.shift() !== "deno" || !/^tasks\/\w+\.ts$/.test(script)) {
    throw new Error(`Unknown form of command for task '${task}'`);
  }
  return { env, flags: words, script };
}

/**
 * Writes the flag that lets a task reach the engine under test: the permission set's own list, with the default ports
 * replaced by the engine's. Beside `-P` it replaces the set's list and leaves the rest of the set.
 *
 * @param config Where the engine is.
 * @param more Further hosts with ports.
 * @returns The flag.
 */
export function netFlag(config: Config, more: readonly string[] = []): string {
  const portOf = (url: string) => new URL(url).port;
  const ports = new Map([
    [
      portOf(`http://${DEFAULT_CONFIG.brokers[0]}`),
      config.brokers.map((broker) => portOf(`http://${broker}`)),
    ],
    [portOf(DEFAULT_CONFIG.registryUrl), [portOf(config.registryUrl)]],
  ]);
  const hosts = denoJson.permissions.pipeline.net.flatMap((host) => {
    const at = host.lastIndexOf(":");
    const replaced = ports.get(host.slice(at + 1)) ?? [];
    return replaced.map((port) => `${host.slice(0, at)}:${port}`);
  });
  return `--allow-net=${[...hosts, ...more].join(",")}`;
}

/** A task that runs. Disposing of it kills it, if it runs still. */
export class TaskProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #texts = { stdout: "", stderr: "" };
  readonly #deadlineMs: number;
  readonly #ended: Promise<number>;
  readonly #mayRead = Promise.withResolvers<void>();
  #overdue = false;
  #running = true;
  #changed = Promise.withResolvers<void>();

  /**
   * Starts a task.
   *
   * @param config Where the engine is.
   * @param task The task.
   * @param args Its arguments.
   * @param options How to run it.
   */
  constructor(
    config: Config,
    task: PipelineTask,
    args: readonly string[],
    options: TaskOptions = {},
  ) {
    const { flags, script: own, env } = commandOf(task);
    const {
      script = own,
      input,
      keepInputOpen = false,
      unread,
      reach,
      read = [],
      deadlineMs = PATIENCE_MS,
    } = options;
    this.#name = `${task} ${args.join(" ")}`;
    this.#deadlineMs = deadlineMs;
    const piped = keepInputOpen || input !== undefined;
    this.#child = new Deno.Command("deno", {
      args: [
        ...flags,
        netFlag(config, reach),
        ...(read.length > 0 ? [`--allow-read=${read.join(",")}`] : []),
        script,
        ...args,
      ],
      cwd: checkoutFolder(),
      env: {
        // The tests run in a task too, whose user may have been anywhere.
        INIT_CWD: "",
        ...env,
        KAFKA_BROKERS: config.brokers.join(","),
        SCHEMA_REGISTRY_URL: config.registryUrl,
        NO_COLOR: "1",
        ...options.env,
      },
      stdin: piped ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = this.#child.stdout.getReader();
    this.#stdin = piped ? this.#child.stdin.getWriter() : undefined;
    this.#ended = this.#watch(unread);
    // Whoever waits for the end is told; a test that fails before it does so must not be failed twice.
    this.#ended.catch(() => {});
    if (input !== undefined) {
      const bytes = typeof input === "string"
        ? new TextEncoder().encode(input)
        : input;
      // A task that ends without reading its input breaks the pipe, which is for its output to explain.
      this.#stdin?.write(bytes).then(() => this.closeInput()).catch(() => {});
    }
  }

  /** Its process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written to standard output so far. */
  get stdout(): string {
    return this.#texts.stdout;
  }

  /** What it has written to standard error so far, with the times and all waits. */
  get stderr(): string {
    return this.#texts.stderr;
  }

  async #watch(unread: "stdout" | "stderr" | undefined): Promise<number> {
    const timer = setTimeout(() => {
      this.#overdue = true;
      this.#kill();
    }, this.#deadlineMs);
    try {
      const readers = {
        stdout: this.#stdout,
        stderr: this.#child.stderr.getReader(),
      };
      const collect = async (name: "stdout" | "stderr") => {
        if (name === unread) await this.#mayRead.promise;
        await this.#collect(name, readers[name]);
      };
      const [{ code }] = await Promise.all([
        this.#child.status,
        collect("stdout"),
        collect("stderr"),
      ]);
      return code;
    } finally {
      clearTimeout(timer);
      this.#running = false;
      this.#changed.resolve();
      await this.#stdin?.close().catch(() => {});
    }
  }

  async #collect(
    name: "stdout" | "stderr",
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<void> {
    const decoder = new TextDecoder();
    for (
      let { done, value } = await reader.read();
      !done;
      { done, value } = await reader.read()
    ) {
      this.#texts[name] += decoder.decode(value, { stream: true });
      this.#changed.resolve();
      this.#changed = Promise.withResolvers<void>();
    }
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /**
   * Waits until it has written something.
   *
   * @param what What its output has to match.
   * @param stream Which output.
   * @throws {Error} If it ends without.
   */
  async until(
    what: RegExp,
    stream: "stdout" | "stderr" = "stdout",
  ): Promise<void> {
    while (!what.test(this.#texts[stream])) {
      if (!this.#running) {
        throw new Error(`Ended without ${what}: ${this.#describe()}`);
      }
      await this.#changed.promise;
    }
  }

  /**
   * Writes to its standard input.
   *
   * @param text The text.
   */
  async write(text: string): Promise<void> {
    await this.#stdin?.write(new TextEncoder().encode(text));
  }

  /** Closes its standard input. */
  async closeInput(): Promise<void> {
    await this.#stdin?.close();
  }

  /** Begins to read the output that was left unread. */
  readAll(): void {
    this.#mayRead.resolve();
  }

  /** The exit code, also while an output is unread. */
  get exited(): Promise<number> {
    return this.#child.status.then(({ code }) => code);
  }

  /** Stops reading its standard output, as `head` does when it has enough: the pipe breaks. */
  async closeOutput(): Promise<void> {
    await this.#stdout.cancel();
  }

  /**
   * Sends it a signal.
   *
   * @param signal The signal.
   */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits until it has ended.
   *
   * @returns How it ended.
   * @throws {Error} If it had to be killed at its deadline.
   */
  async end(): Promise<TaskResult> {
    const code = await this.#ended;
    if (this.#overdue) {
      throw new Error(
        `Not done within ${this.#deadlineMs} ms: ${this.#describe()}`,
      );
    }
    const { stdout, stderr } = this.#texts;
    return { code, stdout, stderr: withoutHoldUps(withoutTimes(stderr)) };
  }

  #describe(): string {
    return `${this.#name}\n${this.#texts.stdout}\n${this.#texts.stderr}`;
  }

  /** Kills it if it runs still, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.readAll();
    if (this.#running) this.#kill();
    await this.#ended.catch(() => {});
  }
}

/**
 * Runs a task to its end.
 *
 * @param config Where the engine is.
 * @param task The task.
 * @param args Its arguments.
 * @param options How to run it.
 * @returns How it ended.
 * @throws {Error} If it is not done by its deadline.
 */
export async function runTaskProcess(
  config: Config,
  task: PipelineTask,
  args: readonly string[],
  options: TaskOptions = {},
): Promise<TaskResult> {
  await using process = new TaskProcess(config, task, args, options);
  return await process.end();
}
