/**
 * Other tasks as parts of one: each a process of its own with its own permissions, none of which outlives this one.
 *
 * @module
 */

import { PipelineError, StoppedError } from "../base/errors.ts";
import { checkoutFolder } from "../engine/paths.ts";
import { Watchdog } from "../engine/watchdog.ts";
import { noteLine } from "./task_flags.ts";

/** A task that runs as a part. */
export interface PartSpec {
  readonly title: string;
  /** The task. Its permission set has the same name. */
  readonly task: string;
  readonly args: readonly string[];
  /** The hosts, with their ports, that it may reach. */
  readonly net: readonly string[];
  /** What it prints when it does its work. */
  readonly ready: RegExp;
}

/** How long a part may take to stop before it is killed, in milliseconds: a task stops within 10 s, and later on a busy machine. */
const STOP_TIMEOUT_MS = 20_000;
/** What a task puts before its notes where they are not on a terminal. */
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

/** The parts of a task. Disposing of them stops them, and waits until they are gone. */
export class Parts implements AsyncDisposable {
  readonly #watchdog = new Watchdog();
  readonly #running = new Map<string, Deno.ChildProcess>();
  readonly #followed: Promise<void>[] = [];
  readonly #failure = Promise.withResolvers<never>();
  #stopping = false;

  constructor() {
    this.#failure.promise.catch(() => {});
  }

  /** Rejects when a part ends by itself. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Starts a part, and waits until it does its work. */
  async start(part: PartSpec, stop: AbortSignal): Promise<void> {
    const { title, task, args, net, ready } = part;
    const child = new Deno.Command("deno", {
      args: [
        "run",
        "-q",
        "--cached-only",
        "--no-prompt",
        `-P=${task}`,
        `--allow-net=${net.join(",")}`,
        `tasks/${task}.ts`,
        ...args,
      ],
      cwd: checkoutFolder(),
      // What it reports is printed by this program.
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A session of its own: Ctrl+C in the terminal reaches this program, which decides when each stops.
      detached: true,
    }).spawn();
    this.#running.set(title, child);
    await this.#watchdog.watch(title, child.pid);
    const works = Promise.withResolvers<void>();
    this.#followed.push(
      this.#follow(child, { title, ready, works: works.resolve }),
    );
    const stopped = () =>
      works.reject(new StoppedError(`Stopped while the ${title} started`));
    stop.addEventListener("abort", stopped);
    if (stop.aborted) stopped();
    try {
      await Promise.race([works.promise, this.#failure.promise]);
    } finally {
      stop.removeEventListener("abort", stopped);
    }
  }

  async #follow(
    child: Deno.ChildProcess,
    { title, ready, works }: Pick<PartSpec, "title" | "ready"> & {
      readonly works: () => void;
    },
  ): Promise<void> {
    const error: string[] = [];
    const [{ code }] = await Promise.all([
      child.status,
      forEachLine(child.stdout, (line) => {
        if (ready.test(line)) works();
      }),
      forEachLine(child.stderr, (line) => {
        // An error is its last word, in several lines.
        if (error.length > 0 || line.startsWith("Error: ")) error.push(line);
        else noteLine(`${title}: ${line.replace(TIME, "")}`);
      }),
    ]);
    this.#running.delete(title);
    await this.#watchdog.watch(title, undefined);
    if (this.#stopping) {
      for (const line of error) noteLine(`${title}: ${line}`);
      return;
    }
    const [message = `Error: It ended with exit code ${code}`, ...hint] = error;
    this.#failure.reject(
      new PipelineError(`${title}: ${message.replace("Error: ", "")}`, {
        hint: hint.map((line) => line.trim()).join("\n"),
      }),
    );
  }

  async #stop(title: string, child: Deno.ChildProcess): Promise<void> {
    const late = setTimeout(() => {
      noteLine(`${title}: it did not stop in time.`);
      signal(child, "SIGKILL");
    }, STOP_TIMEOUT_MS);
    signal(child, "SIGTERM");
    await child.status;
    clearTimeout(late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      [...this.#running].map(([title, child]) => this.#stop(title, child)),
    );
    await Promise.all(this.#followed);
    await this.#watchdog.release();
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function forEachLine(
  stream: ReadableStream<Uint8Array>,
  line: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(line);
  }
  if (rest) line(rest);
}
