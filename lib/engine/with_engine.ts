/**
 * Some work on an engine, whether one runs already or not.
 *
 * @module
 */

import { type Config, resolveConfig } from "../settings/config.ts";
import { PipelineError } from "../base/errors.ts";
import { withAdmin } from "../kafka/client.ts";
import { EventRegistry } from "../registry/registry.ts";
import { startEngine, type StartOptions, stopEngine } from "./mod.ts";

/** Which engine, and what becomes of it. */
export interface WithEngineOptions extends StartOptions {
  /** Leave running what was started. */
  readonly keep?: boolean;
}

async function answers(config: Config): Promise<boolean> {
  try {
    await Promise.all([
      withAdmin(config, { timeoutMs: 0 }, (admin) => admin.countBrokers()),
      EventRegistry.connect(config, { timeoutMs: 0 }),
    ]);
    return true;
  } catch (error) {
    if (error instanceof PipelineError) return false;
    throw error;
  }
}

/**
 * Does some work on Kafka and the registry: on those that answer already, or else on those of this machine, which are started
 * first and stopped afterwards.
 *
 * @param options Which engine to start where none answers, and whether to leave it running.
 * @param work The work.
 * @returns What the work returns.
 * @throws {PipelineError} If this machine can't run an engine, or it does not come up.
 */
export async function withEngine<T>(
  options: WithEngineOptions,
  work: (config: Config) => Promise<T>,
): Promise<T> {
  const { keep = false, ...startOptions } = options;
  const config = resolveConfig();
  if (await answers(config)) return await work(config);
  const engine = await startEngine(startOptions);
  try {
    return await work({
      brokers: [engine.brokers],
      registryUrl: engine.registryUrl,
    });
  } finally {
    if (!keep && engine.result === "started") {
      await stopEngine({ ...options.dir ? { dir: options.dir } : {} });
    }
  }
}
