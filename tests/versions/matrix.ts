/**
 * `deno task test:versions`: the pipeline's integration tests on each version of Kafka and of the registry, and the test that
 * the data of earlier versions is taken over.
 *
 * @module
 */

import { EXIT, runTask } from "../../lib/cli/command.ts";
import { textFlag } from "../../lib/cli/flags.ts";
import { note, printLine } from "../../lib/cli/output.ts";
import { parseSummary, type TestSummary } from "../support/test_command.ts";
import type { ProgramChoice } from "../../lib/engine/download.ts";
import { javaVersion } from "../../lib/engine/choose.ts";
import { apicurioFor, APICURIOS, KAFKA } from "../../lib/engine/maven.ts";
import { startThrowawayEngine } from "../support/throwaway_engine.ts";
import { KAFKAS } from "./programs.ts";

/**
 * The tests of what talks to Kafka and the registry: neither the page's, nor those that start engines of their own. They run in
 * processes side by side, as under `deno task test`.
 */
const LANES = [
  ["consume/**/*", "kafka/**/*"],
  ["produce/*", "registry/*", "store/*", "cli/group*", "cli/peek*"],
  ["cli/consume*", "cli/produce*", "cli/schema*", "cli/store*"],
].map((names) => names.map((name) => `tests/${name}_integration_test.ts`));

/** A row of the table. */
interface Run {
  /** What the tests run on. */
  readonly title: string;
  /** Runs them, and returns what each process says. */
  readonly start: () => Promise<TestSummary[]>;
}

/** The tests on an engine of given versions. */
function onEngine(
  { kafka, registry }: Required<ProgramChoice>,
  lanes: readonly (readonly string[])[],
): Run {
  return {
    title: `${kafka.title} | ${registry.title}`,
    async start() {
      await using engine = await startThrowawayEngine({
        programs: { kafka, registry },
        notify: note,
      });
      const env = {
        KAFKA_BROKERS: engine.brokers,
        SCHEMA_REGISTRY_URL: engine.registryUrl,
        TMPDIR: engine.folders.root,
      };
      return await Promise.all(lanes.map((files) => runTests(files, env)));
    },
  };
}

/** Lists the rows. Kafka and the registry don't know each other: not every pair is needed. */
async function plan(file: string | undefined): Promise<Run[]> {
  const lanes = file ? [[file]] : LANES;
  const java = await javaVersion() ?? 0;
  const newest = apicurioFor(java);
  const others = APICURIOS.filter((registry) =>
    registry !== newest && registry.minJavaVersion <= java
  );
  return [
    ...KAFKAS.map((kafka) => onEngine({ kafka, registry: newest }, lanes)),
    ...others.map((registry) => onEngine({ kafka: KAFKA, registry }, lanes)),
    {
      title: "the data of earlier versions | taken over",
      start: async () => [await runTests(["tests/versions/upgrade.ts"], {})],
    },
  ];
}

/** Runs test files, and shows their results. */
async function runTests(
  files: readonly string[],
  env: Record<string, string>,
): Promise<TestSummary> {
  const child = new Deno.Command("deno", {
    // What differs between versions fails again; what a busy machine was late for seldom does.
    args: ["test", "-q", "--no-prompt", "-P=test", "--retry=1", ...files],
    env: { ...env, NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  let last: TestSummary | undefined;
  let rest = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      last = parseSummary(line) ?? last;
      note(line);
    }
  }
  await child.status;
  if (!last) throw new Error(`No summary of the tests of ${files.join(", ")}`);
  return last;
}

async function runAll(only = "", file?: string): Promise<number> {
  const rows: string[] = [];
  let failedCount = 0;
  for (const { title, start } of await plan(file)) {
    if (!title.includes(only)) continue;
    const summaries = await start();
    const sum = (name: keyof TestSummary) =>
      summaries.reduce((total, summary) => total + summary[name], 0);
    failedCount += sum("failed");
    rows.push(
      `| ${title} | ${sum("passed")} | ${sum("failed")} | ${sum("ignored")} |`,
    );
  }
  printLine("| Kafka | registry | passed | failed | ignored |");
  printLine("| --- | --- | --- | --- | --- |");
  for (const row of rows) printLine(row);
  return failedCount > 0 || rows.length === 0 ? EXIT.failed : EXIT.done;
}

await runTask({
  name: "test:versions",
  arguments: ["[FILE]"],
  summary:
    "Runs the pipeline's integration tests on each version of Kafka and of the registry that this machine's Java runs, and the test that the data of earlier versions is taken over.",
  flags: {
    only: textFlag(
      "TEXT",
      "the rows that have this in their first two columns",
    ),
  },
  examples: [
    ["deno task test:versions", "Every version"],
    [
      "deno task test:versions --only 3.9 tests/kafka/topic_integration_test.ts",
      "One file on one version",
    ],
  ],
}, ({ only }, [file]) => runAll(only, file));
