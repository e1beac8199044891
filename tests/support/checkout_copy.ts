/**
 * A copy of the checkout with an engine of its own, for tests of the tasks that start the checkout's engine.
 *
 * @module
 */

import { checkoutFolder, engineFolder } from "../../lib/engine/paths.ts";
import { ensurePrograms } from "../../lib/engine/download.ts";
import { runScript } from "../../lib/engine/shell.ts";
import { LocalEngine } from "../../lib/engine/local.ts";
import { stopEngine } from "../../lib/engine/mod.ts";
import { TEST_MS } from "./patience.ts";

/** What the tasks read. `.deno.lock` and `.offline` exist if `deno task setup` has made them. */
const PATHS = [
  "deno.json",
  ".deno.lock",
  ".offline",
  "lib",
  "schemas",
  "tasks",
];

/** A task that runs in a copy. */
export interface RunningTask {
  /** The process. */
  readonly process: Deno.ChildProcess;
  /** Waits until it has ended and all of its output was read. Returns its exit code. */
  end(): Promise<number>;
  /** Resolves when it has written a text, or the output ends. */
  said(text: string): Promise<void>;
  /** Everything that it wrote to standard output. */
  readonly stdout: string;
  /** Everything that it wrote to standard error. */
  readonly stderr: string;
  /** Whether its output has ended. */
  readonly over: boolean;
}

/** A copy of the checkout. Disposing of it stops its engine and removes it. */
export class CheckoutCopy implements AsyncDisposable {
  /** Its folder. */
  readonly folder: string;
  /** The engine that its tasks start. */
  readonly engine: LocalEngine;

  private constructor(folder: string) {
    this.folder = folder;
    this.engine = new LocalEngine({ dir: `${folder}/.engine` });
  }

  /**
   * Makes a copy, with the programs of the checkout's own engine.
   *
   * @returns The copy.
   */
  static async create(): Promise<CheckoutCopy> {
    await ensurePrograms();
    const parent = `${engineFolder()}/tmp`;
    await Deno.mkdir(parent, { recursive: true });
    const folder = await Deno.makeTempDir({ dir: parent, prefix: "copy-" });
    for (const path of PATHS) {
      await copy(`${checkoutFolder()}/${path}`, `${folder}/${path}`);
    }
    await Deno.mkdir(`${folder}/.engine`);
    // Deno makes links only with the permission to write everywhere.
    await runScript(
      'ln -s "$1" "$2"',
      `${engineFolder()}/programs`,
      `${folder}/.engine/programs`,
    );
    return new CheckoutCopy(folder);
  }

  /**
   * Starts a task as `deno.json` does, without the setup before it.
   *
   * @param task The task.
   * @param args Its arguments.
   * @returns The running task.
   */
  start(
    task: "demo" | "live" | "up",
    args: readonly string[] = [],
  ): RunningTask {
    const process = new Deno.Command("deno", {
      args: [
        "run",
        "-q",
        "--cached-only",
        "--no-prompt",
        `-P=${task === "live" ? task : "engine"}`,
        `tasks/${task}.ts`,
        ...args,
      ],
      cwd: this.folder,
      env: {
        KAFKA_BROKERS: "",
        SCHEMA_REGISTRY_URL: "",
        // Nothing listens there: the engine is the local one.
        DOCKER_HOST: "tcp://127.0.0.1:1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(TEST_MS),
    }).spawn();
    const texts = { stdout: "", stderr: "" };
    let changed = Promise.withResolvers<void>();
    let over = false;
    const collect = async (name: "stdout" | "stderr") => {
      const text = process[name].pipeThrough(new TextDecoderStream());
      for await (const part of text) {
        texts[name] += part;
        changed.resolve();
        changed = Promise.withResolvers();
      }
    };
    const read = Promise.all([collect("stdout"), collect("stderr")]);
    read.then(() => {
      over = true;
      changed.resolve();
    });
    return {
      process,
      async end() {
        await read;
        return (await process.status).code;
      },
      async said(text) {
        const has = (output: string) => output.includes(text);
        while (!Object.values(texts).some(has) && !over) await changed.promise;
      },
      get stdout() {
        return texts.stdout;
      },
      get stderr() {
        return texts.stderr;
      },
      get over() {
        return over;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopEngine({ dir: `${this.folder}/.engine` });
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  const info = await Deno.stat(from).catch(() => undefined);
  if (info?.isFile) await Deno.copyFile(from, to);
  if (!info?.isDirectory) return;
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(`${from}/${name}`, `${to}/${name}`);
  }
}
