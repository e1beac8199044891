/**
 * Fault tests: they run one after another on an engine of their own, in a short version or, where `FAULTS=long` is set, in the
 * long one.
 *
 * @module
 */

import type { Config } from "../../../lib/settings/config.ts";
import type { Bench } from "../../support/integration.ts";
import { localEngineTest } from "../../support/local_engine.ts";
import type { FaultEngine } from "./fault_engine.ts";
import { Random } from "./random.ts";

/** What faults are done to. */
interface Victim extends AsyncDisposable {
  /** Where the clients find Kafka and the registry. */
  readonly config: Config;
  /** Starts whatever doesn't run. */
  repair(): Promise<void>;
}

/** What a fault test works with. */
export interface FaultBench<E extends Victim = FaultEngine> extends Bench {
  /** The engine; it runs when the test begins, whatever the test before did to it. */
  readonly engine: E;
  /** Chance, for moments and data. */
  readonly random: Random;
  /** Whether this is the long version. */
  readonly long: boolean;
  /**
   * Prints what was found, in one line.
   *
   * @param figures The figures by name.
   */
  readonly report: (
    figures: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
}

/** A fault test. */
export interface FaultTest<E extends Victim = FaultEngine> {
  /** What it shows. */
  readonly name: string;
  /** The version that it belongs to; both without it. */
  readonly version?: "short" | "long";
  /** The test. */
  readonly fn: (bench: FaultBench<E>) => Promise<void>;
}

/**
 * Registers fault tests that share an engine.
 *
 * @param subject What they are about.
 * @param tests The tests.
 * @param start Starts the engine.
 */
export function faultTests<E extends Victim>(
  subject: string,
  tests: readonly FaultTest<E>[],
  start: () => Promise<E>,
): void {
  localEngineTest(subject, async (context) => {
    const long = Deno.env.get("FAULTS") === "long";
    const only = Deno.env.get("FAULTS_ONLY");
    const chosen = tests.filter(({ name, version }) =>
      (!only || name.includes(only)) &&
      (version === undefined || (version === "long") === long)
    );
    if (chosen.length === 0) return;
    await using engine = await start();
    for (const { name, fn } of chosen) {
      const seed = Number(
        Deno.env.get("FAULTS_SEED") ??
          crypto.getRandomValues(new Uint32Array(1))[0],
      );
      const id = crypto.randomUUID();
      await context.step({
        name,
        fn: async (step) => {
          await engine.repair();
          // A step of its own, as its name is printed whatever else the runner keeps to itself.
          const print = (line: string) => step.step(line, () => {});
          const bench: FaultBench<E> = {
            engine,
            config: engine.config,
            topic: `faults-${id}`,
            group: `group-${id}`,
            random: new Random(seed),
            long,
            report: async (figures) => {
              const words = Object.entries({ ...figures, seed });
              await print(words.map((pair) => pair.join(" ")).join(", "));
            },
          };
          try {
            await fn(bench);
          } catch (error) {
            await print(`FAULTS_SEED=${seed} repeats it`);
            throw error;
          }
        },
        // The engine lives longer than a step; the test around the steps checks that nothing is left.
        sanitizeOps: false,
        sanitizeResources: false,
      });
    }
  });
}
