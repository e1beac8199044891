/**
 * Kafka and the registry for the demo, which are started for it unless the engine of this checkout runs.
 *
 * @module
 */

import { engineRuns, startEngine, stopEngine } from "../engine/mod.ts";
import { freePorts, isPortFree } from "../engine/ports.ts";
import {
  BROKERS_VARIABLE,
  type Config,
  REGISTRY_VARIABLE,
  resolveConfig,
} from "../settings/config.ts";
import { describeEngine } from "./engine_report.ts";
import { note } from "./output.ts";

/**
 * Does some work on Kafka and the registry: on those that the environment names, on the engine of this checkout if it runs,
 * or else on one that is started for it. Another program's Kafka on the usual port is never used: the engine that is
 * started has other ports then.
 *
 * @throws {PipelineError} If this machine can't run an engine, or it does not come up.
 * @throws {StoppedError} If the signal ended the start.
 */
export async function withEngine(
  options: { readonly keep: boolean; readonly signal: AbortSignal },
  work: (config: Config) => Promise<void>,
): Promise<void> {
  const { keep, signal } = options;
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
  const ports = await engineRuns() ? {} : await choosePorts();
  const engine = await startEngine({ ...ports, notify: note, signal });
  const isOwn = engine.result === "started";
  try {
    await work({
      brokers: engine.brokers.split(","),
      registryUrl: engine.registryUrl,
    });
  } finally {
    if (isOwn && keep) note(describeEngine(engine));
    else if (isOwn) await stopEngine();
  }
}

/** The usual ports, or others if another program listens on one of them. */
async function choosePorts() {
  const usual = [9092, 8081];
  const free = await Promise.all(usual.map(isPortFree));
  const taken = usual.filter((_, index) => !free[index]);
  if (taken.length === 0) return {};
  const [kafkaPort = 0, registryPort = 0] = freePorts(2);
  note(
    `Another program listens on port ${
      taken.join(" and ")
    }: using ports ${kafkaPort} and ${registryPort} instead.`,
  );
  return { kafkaPort, registryPort };
}
