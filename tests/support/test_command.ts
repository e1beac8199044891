/**
 * Runs the tests with an engine around them.
 *
 * Most tests wait longer than they compute. So they run in several processes side by side: the files whose tests start
 * engines of their own in some, and those that share the throwaway engine in another.
 *
 * @module
 */

import { removeIfThere } from "../../lib/base/files.ts";
import { counted } from "../../lib/base/plural.ts";
import { engineFolder } from "../../lib/engine/paths.ts";
import { archiveClasses, startAnyThrowaway } from "./throwaway_engine.ts";
import { EXIT, runTask } from "../../lib/cli/command.ts";
import { note, printLine } from "../../lib/cli/output.ts";

/**
 * The files and folders by process, which take about the same time; all others run in one more. A folder of which other processes
 * have files comes first: Deno 2.9.6 ignores files of the first path alone. It runs files before folders, and of these first those
 * whose folders have the longest names: those that start many engines follow one that starts few, as the archives are made meanwhile.
 */
const LANES = [
  ["tests/faults/outages_test.ts"],
  [
    "tests/browser/letters_integration_test.ts",
    "tests/faults/clients_test.ts",
    "tests/cli/output_integration_test.ts",
  ],
  [
    "tests/settings/security_integration_test.ts",
    "tests/browser/outage_integration_test.ts",
    "tests/engine/local_integration_test.ts",
  ],
  [
    "tests/telemetry/open_telemetry_integration_test.ts",
    "tests/browser/places_integration_test.ts",
    "tests/bench/throughput_integration_test.ts",
    "tests/cli/consume_command_integration_test.ts",
    "tests/cli/engine_tasks_integration_test.ts",
    "tests/cli/live_command_integration_test.ts",
    "tests/cli/metrics_port_integration_test.ts",
    "tests/docker_compose_integration_test.ts",
  ],
  ["tests/cli"],
  ["tests/consume", "tests/store"],
  [
    "tests/web",
    "tests/interop_integration_test.ts",
    "tests/mod_integration_test.ts",
    "tests/produce",
    "tests/readme_test.ts",
    "tests/registry",
  ],
] as const;
const TEST = ["test", "-q", "--no-prompt", "-P=test"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How many tests and steps passed, failed or were ignored, as the runner's last line says. */
export type TestSummary = Readonly<
  Record<
    "passed" | "passedSteps" | "failed" | "failedSteps" | "ignored",
    number
  >
>;

/** Runs the command. */
export async function testCommand(): Promise<never> {
  // All other arguments are those of `deno test`, not of this task.
  const args = Deno.args.filter((arg) => arg === "--help");
  return await runTask(
    {
      name: "test",
      summary:
        "Starts a throwaway Kafka and registry on free ports, runs every test against them, and removes them.\n" +
        "Whatever follows goes to `deno test`: files, folders, and its flags.",
      flags: {},
      examples: [
        ["deno task test", "Every test"],
        ["deno task test tests/engine --filter=down", "Some of them"],
      ],
    },
    () => run(Deno.args),
    args,
  );
}

/** Starts a throwaway engine, runs `deno test` with its addresses in the environment, and removes the engine. */
async function run(args: readonly string[]): Promise<number> {
  using children = new Children();
  note("Starting a throwaway Kafka and registry for the tests...");
  // The modules are cached and checked meanwhile, once for all processes, as `deno task check` does it: if it was run
  // before, Deno has its result.
  const checked = args.length > 0
    ? Promise.resolve(0)
    : children.run(["check", "-q"], {}).status;
  await using engine = await startAnyThrowaway(note);
  const { brokers, registryUrl } = engine;
  if (await checked !== 0) return await checked;
  note(`Testing against ${brokers} and ${registryUrl}`);
  const scratch = `${engineFolder()}/tmp`;
  await Deno.mkdir(scratch, { recursive: true });
  const TMPDIR = await Deno.makeTempDir({ dir: scratch, prefix: "tests-" });
  const env = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: registryUrl,
    // For the tests' temporary folders: one that their permission to write names on every machine.
    TMPDIR,
  };
  try {
    return args.length > 0
      ? await children.run([...TEST, ...args], env).status
      : await runLanes(children, env);
  } finally {
    await removeIfThere(TMPDIR);
  }
}

async function runLanes(
  children: Children,
  env: Record<string, string>,
): Promise<number> {
  const startedAt = Date.now();
  // Without archives, engines start more slowly.
  const archived = archiveClasses().catch(() => {});
  const lanes = [...LANES, []];
  const results = await Promise.all(lanes.map(async (lane) => {
    // What another lane names is not this one's, though it may be in a folder of it.
    const ignored = lanes.flat().filter((path) =>
      lane.length === 0 || lane.some((own) => path.startsWith(`${own}/`))
    );
    const child = children.run(
      [
        ...TEST,
        "--no-check",
        "--cached-only",
        ...(ignored.length > 0 ? [`--ignore=${ignored.join(",")}`] : []),
        ...lane,
      ],
      { ...env, NO_COLOR: "1" },
      "piped",
    );
    const rest = await printFiles(child.stdout);
    return { rest, code: await child.status };
  }));
  await archived;
  const summaries = results.map(({ rest, code }) => {
    const lines = rest.split("\n");
    const at = lines.findLastIndex((line) => parseSummary(line));
    const summary = parseSummary(lines[at] ?? "");
    const more = lines.toSpliced(at, at < 0 ? 0 : 1).join("\n").trim();
    if (more !== "") printLine(more);
    // The process may end without a summary, or fail though no test did.
    return summary?.failed === 0 && code !== 0 || !summary
      ? { ...NOTHING, ...summary, failed: 1 }
      : summary;
  });
  printLine("");
  printLine(describeSummary(summaries, Date.now() - startedAt));
  return summaries.some(({ failed }) => failed > 0) ? EXIT.failed : EXIT.done;
}

const NOTHING: TestSummary = {
  passed: 0,
  passedSteps: 0,
  failed: 0,
  failedSteps: 0,
  ignored: 0,
};

/** Prints the results of each file in one piece when the file is done, and returns what follows the last one. */
async function printFiles(output: ReadableStream<Uint8Array>): Promise<string> {
  let lines: string[] = [];
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split("\n");
    text = parts.pop() ?? "";
    for (const line of parts) {
      const isFile = lines[0]?.startsWith("running ");
      if (isFile && (line.startsWith("running ") || line === "")) {
        printLine(lines.join("\n"));
        lines = [];
      }
      lines.push(line);
    }
  }
  return [...lines, text].join("\n");
}

/** Reads the test runner's last line, such as `ok | 41 passed (3 steps) | 0 failed | 2 ignored (5s)`; undefined if it is another. */
export function parseSummary(line: string): TestSummary | undefined {
  if (!/^(?:ok|FAILED) \| \d+ passed/.test(line)) return undefined;
  const count = (pattern: RegExp) => Number(pattern.exec(line)?.[1] ?? 0);
  return {
    passed: count(/(\d+) passed/),
    passedSteps: count(/passed \((\d+) steps?\)/),
    failed: count(/(\d+) failed/),
    failedSteps: count(/failed \((\d+) steps?\)/),
    ignored: count(/(\d+) ignored/),
  };
}

/** Writes the summary of several runs as the test runner would write that of one. */
export function describeSummary(
  summaries: readonly TestSummary[],
  durationMs: number,
): string {
  const sum = (name: keyof TestSummary) =>
    summaries.reduce((total, summary) => total + summary[name], 0);
  const steps = (count: number) =>
    count > 0 ? ` (${counted(count, "step")})` : "";
  const seconds = Math.round(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  return [
    sum("failed") > 0 ? "FAILED" : "ok",
    `${sum("passed")} passed${steps(sum("passedSteps"))}`,
    `${sum("failed")} failed${steps(sum("failedSteps"))}`,
    ...(sum("ignored") > 0 ? [`${sum("ignored")} ignored`] : []),
  ].join(" | ") + ` (${minutes > 0 ? `${minutes}m` : ""}${seconds % 60}s)`;
}

/** Processes that a signal to this one ends. */
class Children implements Disposable {
  readonly #running = new Set<Deno.ChildProcess>();
  readonly #handlers: (() => void)[] = [];
  #signalled = false;

  constructor() {
    // The first signal ends the tests, and so the engine. A second one ends this program, and its watchdog the engine.
    for (const signal of SIGNALS) {
      const handler = () => {
        if (this.#signalled) Deno.exit(1);
        this.#signalled = true;
        // Ctrl+C reaches the tests by itself.
        if (signal === "SIGINT") return;
        for (const child of this.#running) child.kill(signal);
      };
      Deno.addSignalListener(signal, handler);
      this.#handlers.push(() => Deno.removeSignalListener(signal, handler));
    }
  }

  run(
    args: readonly string[],
    env: Record<string, string>,
    stdout: "inherit" | "piped" = "inherit",
  ): {
    readonly stdout: ReadableStream<Uint8Array>;
    readonly status: Promise<number>;
  } {
    const child = new Deno.Command("deno", { args: [...args], env, stdout })
      .spawn();
    this.#running.add(child);
    const status = child.status.then(({ code }) => {
      this.#running.delete(child);
      return code;
    });
    return {
      get stdout() {
        return child.stdout;
      },
      status,
    };
  }

  [Symbol.dispose](): void {
    for (const remove of this.#handlers) remove();
  }
}
