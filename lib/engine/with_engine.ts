/**
 * Work on Kafka and the registry, which are started for it unless the engine of this checkout runs.
 *
 * @module
 */

import {
  BROKERS_VARIABLE,
  type Config,
  REGISTRY_VARIABLE,
  resolveConfig,
} from "../settings/config.ts";
import {
  describeEngine,
  engineRuns,
  startEngine,
  type StartOptions,
  stopEngine,
} from "./mod.ts";
import { freePorts, isPortFree } from "./ports.ts";

/** Options for {@linkcode withEngine}. */
export interface WithEngineOptions
  extends Omit<StartOptions, "kafkaPort" | "registryPort"> {
  /** Whether to leave running what was started. @default {false} */
  readonly keep?: boolean;
}

/**
 * Does some work on Kafka and the registry: on those that the environment names, on the engine of this checkout if it runs,
 * or else on one that is started for it. Another program's Kafka on the usual port is never used: the engine that is
 * started has other ports then.
 *
 * @throws {PipelineError} If this machine can't run an engine, or it does not come up.
 * @throws {StoppedError} If the signal ended the start.
 */
export async function withEngine<T>(
  options: WithEngineOptions,
  work: (config: Config) => Promise<T>,
): Promise<T> {
  const { keep = false, ...startOptions } = options;
  const { dir, notify } = startOptions;
  const named = [BROKERS_VARIABLE, REGISTRY_VARIABLE].filter((name) =>
    Deno.env.get(name)
  );
  if (named.length > 0) {
    const config = resolveConfig();
    notify?.(
      `Using Kafka at ${
        config.brokers.join(",")
      } and the registry at ${config.registryUrl}, as ${
        named.join(" and ")
      } in the environment says.`,
    );
    return await work(config);
  }
  const ports = await engineRuns(dir) ? {} : await choosePorts(notify);
  const engine = await startEngine({ ...startOptions, ...ports });
  const keeps = keep || engine.result !== "started";
  try {
    return await work({
      brokers: engine.brokers.split(","),
      registryUrl: engine.registryUrl,
    });
  } finally {
    if (!keeps) await stopEngine(dir === undefined ? {} : { dir });
    else if (engine.result === "started") notify?.(describeEngine(engine));
  }
}

/** The usual ports, or others if another program listens on one of them. */
async function choosePorts(
  notify: StartOptions["notify"],
): Promise<Pick<StartOptions, "kafkaPort" | "registryPort">> {
  const usual = [9092, 8081];
  const free = await Promise.all(usual.map(isPortFree));
  const taken = usual.filter((_, index) => !free[index]);
  if (taken.length === 0) return {};
  const [kafkaPort = 0, registryPort = 0] = freePorts(2);
  notify?.(
    `Another program listens on port ${
      taken.join(" and ")
    }: using ports ${kafkaPort} and ${registryPort} instead.`,
  );
  return { kafkaPort, registryPort };
}
