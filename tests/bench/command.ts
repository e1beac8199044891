/**
 * `deno task bench`: measures the pipeline beside the alternatives.
 *
 * @module
 */

import { UsageError } from "../../lib/base/errors.ts";
import { EXIT, runTask } from "../../lib/cli/command.ts";
import { integerFlag, switchFlag, textFlag } from "../../lib/cli/flags.ts";
import { printLine } from "../../lib/cli/output.ts";
import { runBench } from "./bench.ts";
import { chartSvg } from "./chart.ts";
import { MEASURES } from "./contender.ts";
import { CONTENDER_IDS } from "./contenders.ts";
import { reportJson, reportText } from "./report.ts";

/** How many events the shorter of the runs takes of which the memory is measured. */
const MEMORY_EVENTS = 1_000_000;

function listOf<T extends string>(
  flag: string,
  text: string,
  known: readonly T[],
): ReadonlySet<T> {
  const names = text.split(",");
  for (const name of names) {
    if (!known.some((each) => each === name)) {
      throw new UsageError(
        `--${flag} takes names of ${known.join(", ")}: "${name}"`,
      );
    }
  }
  return new Set(known.filter((name) => names.includes(name)));
}

function mayWrite(path: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "write", path });
  return state === "granted";
}

/**
 * Runs the command.
 *
 * @returns Never: the process ends.
 */
export const benchCommand = (): Promise<never> =>
  runTask({
    name: "bench",
    summary:
      "Measures the pipeline beside the alternatives: each in turn, on a throwaway Kafka and registry.\n" +
      "Let nothing else run on the machine meanwhile. It takes about 15 minutes.",
    flags: {
      rounds: integerFlag("N", "how many times each has its turn", {
        default: 5,
        min: 1,
        max: 100,
      }),
      events: integerFlag(
        "N",
        "how many events a turn takes; slow contenders get fewer",
        { default: 1_000_000, min: 500, max: 100_000_000 },
      ),
      seconds: integerFlag(
        "SECONDS",
        "how long a turn for the latency takes; the idle time takes twice that",
        { default: 10, min: 1, max: 3_600 },
      ),
      only: textFlag(
        "NAME,…",
        `the contenders: of ${CONTENDER_IDS.join(", ")}`,
      ),
      measure: textFlag(
        "NAME,…",
        `what is measured: of ${
          MEASURES.join(", ")
        }; all but memory and size by default`,
      ),
      memory: switchFlag(
        "measure memory and processor time too, over 1,000,000 and 5,000,000 events",
      ),
      chart: textFlag(
        "PATH",
        "draw the results to this file, as SVG, in tests/bench",
      ),
      json: switchFlag("print the results as JSON"),
    },
    examples: [
      ["deno task bench", "Everything but the memory"],
      [
        "deno task bench --rounds 1 --events 50000 --measure produce,consume --only pipeline,python",
        "A quick look",
      ],
      ["deno task bench --memory --chart tests/bench/chart.svg", "All, drawn"],
    ],
  }, async (flags) => {
    const { rounds, events, seconds, only, measure, memory, chart } = flags;
    const measures = new Set(
      measure
        ? listOf("measure", measure, MEASURES)
        : MEASURES.filter((each) => each !== "memory" && each !== "size"),
    );
    if (memory) measures.add("memory");
    // Before the long run, not behind it.
    if (chart && !mayWrite(chart)) {
      throw new UsageError(`--chart takes a path in tests/bench: "${chart}"`);
    }
    const results = await runBench({
      rounds,
      events,
      seconds,
      memoryEvents: MEMORY_EVENTS,
      measures,
      ...(only && { only: listOf("only", only, CONTENDER_IDS) }),
    });
    if (chart) await Deno.writeTextFile(chart, chartSvg(results.tables));
    printLine(flags.json ? reportJson(results) : reportText(results));
    return results.voids.length > 0 ? EXIT.failed : EXIT.done;
  });
