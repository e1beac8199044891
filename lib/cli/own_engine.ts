/**
 * Kafka and the registry for a task that brings its own, which are started for it unless the engine of this checkout runs.
 *
 * @module
 */

import {
  engineRuns,
  type RunningEngine,
  startEngine,
  type StartOptions,
  stopEngine,
} from "../engine/mod.ts";
import {
  BROKERS_VARIABLE,
  type Config,
  REGISTRY_VARIABLE,
  resolveConfig,
} from "../settings/config.ts";
import { describeEngine, describeStop } from "./engine_report.ts";
import { note } from "./output.ts";

/** The ports of an engine; the usual ones by default. */
export type PortChoice = Pick<StartOptions, "kafkaPort" | "registryPort">;

/**
 * Does some work on Kafka and the registry: on those that the environment names, on the engine of this checkout if it runs, or else on
 * one that is started for it, and stopped afterwards.
 *
 * @param work It is given the engine of this checkout, unless the environment names another.
 */
export async function withEngine(
  { keep, signal, ports }: {
    readonly keep: boolean;
    readonly signal: AbortSignal;
    /** Chooses the ports, knowing whether the engine of this checkout runs. */
    readonly ports: (runs: boolean) => Promise<PortChoice> | PortChoice;
  },
  work: (config: Config, engine?: RunningEngine) => Promise<void>,
): Promise<void> {
  const named = [BROKERS_VARIABLE, REGISTRY_VARIABLE].filter((name) =>
    Deno.env.get(name)
  );
  if (named.length > 0) {
    const config = resolveConfig();
    note(
      `Using Kafka at ${
        config.brokers.join(",")
      } and the registry at ${config.registryUrl}, as ${
        named.join(" and ")
      } in the environment says.`,
    );
    return await work(config);
  }
  const chosen = await ports(await engineRuns());
  const engine = await startEngine({ ...chosen, notify: note, signal });
  const isOwn = engine.result === "started";
  if (!isOwn) {
    note(
      `Kafka at ${engine.brokers} and the registry at ${engine.registryUrl} run already, and will be left running.`,
    );
  }
  try {
    await work({
      brokers: engine.brokers.split(","),
      registryUrl: engine.registryUrl,
    }, engine);
  } finally {
    if (isOwn && keep) note(describeEngine(engine));
    else if (isOwn) note(describeStop(await stopEngine()));
  }
}
