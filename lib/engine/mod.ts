/**
 * Kafka and a Schema Registry for this machine, whatever runs them: what `deno task up` and `deno task down` do.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { CONFLUENT_API } from "./apicurio.ts";
import { chooseEngine, type EngineKind, type ENGINES } from "./choose.ts";
import { DockerEngine, dockerProblem } from "./docker.ts";
import { LocalEngine, parsePorts, type StartResult } from "./local.ts";
import {
  engineFolder,
  foldersOf,
  readIfThere,
  removeIfThere,
  writeWhole,
} from "./paths.ts";

export { chooseEngine, type EngineKind, ENGINES } from "./choose.ts";
export type { Properties } from "./broker.ts";
export {
  type JavaCommand,
  JavaProcess,
  type JavaProcessOptions,
} from "./java_process.ts";
export type { EngineFolders } from "./paths.ts";
export { Watchdog } from "./watchdog.ts";
export {
  type EnginePorts,
  LocalEngine,
  type LocalEngineOptions,
  type StartResult,
} from "./local.ts";

/** Settings of {@linkcode startEngine}. */
export interface StartOptions {
  /** The kind of engine. @default {"auto"} */
  readonly engine?: typeof ENGINES[number];
  /** The port for Kafka's clients. @default {9092} */
  readonly kafkaPort?: number;
  /** The registry's port. @default {8081} */
  readonly registryPort?: number;
  /** The state folder. By default `.engine` of the checkout. */
  readonly dir?: string;
  /** Told in a line what goes on. By default nobody. */
  readonly tell?: (line: string) => void;
}

/** An engine that runs. */
export interface RunningEngine {
  /** What it is. */
  readonly kind: EngineKind;
  /** What the start found and did. */
  readonly result: StartResult;
  /** Where Kafka's clients begin, for `--brokers`. */
  readonly brokers: string;
  /** The registry's URL, for `--registry`. */
  readonly registryUrl: string;
  /** How the registry's API is called and where it is. */
  readonly registryApi: string;
  /** Where its logs are. */
  readonly logs: string;
  /** Whether it has the ports that were asked for. */
  readonly asAsked: boolean;
}

const dockerRecord = (dir: string) => `${foldersOf(dir).run}/docker.json`;

/**
 * Starts Kafka and the registry, unless they run already, and waits until both do their work. They live on when this
 * process ends.
 *
 * @param options Which kind, which ports, and who is told.
 * @returns Where they are.
 * @throws {PipelineError} If this machine can't run them, a port is in use, or one does not come up.
 */
export async function startEngine(
  options: StartOptions = {},
): Promise<RunningEngine> {
  const { engine = "auto", dir = engineFolder() } = options;
  const local = new LocalEngine(options);
  const localRuns = (await local.running()).length > 0;
  if (localRuns && engine === "docker") {
    throw new PipelineError(
      `A local engine is running already, at ${local.brokers}`,
      { hint: "Stop it first: deno task down" },
    );
  }
  const kind = localRuns ? "local" : await chooseEngine(engine);
  if (kind === "docker") return await startDocker(options, dir);
  const result = await local.start();
  const { kafkaPort, registryPort } = local.ports;
  return {
    kind,
    result,
    brokers: local.brokers,
    registryUrl: local.registryUrl,
    registryApi: `Apicurio, with Confluent's API under ${CONFLUENT_API}`,
    logs: local.folders.logs,
    asAsked: kafkaPort === (options.kafkaPort ?? kafkaPort) &&
      registryPort === (options.registryPort ?? registryPort),
  };
}

async function startDocker(
  options: StartOptions,
  dir: string,
): Promise<RunningEngine> {
  const record = dockerRecord(dir);
  const recorded = parsePorts(await readIfThere(record) ?? "");
  const before = recorded ? await new DockerEngine(recorded).running() : [];
  const engine = new DockerEngine(before.length > 0 ? recorded : options);
  const { kafkaPort, registryPort, brokers, registryUrl } = engine;
  await Deno.mkdir(foldersOf(dir).run, { recursive: true });
  await writeWhole(record, JSON.stringify({ kafkaPort, registryPort }) + "\n");
  options.tell?.("Starting Kafka and the registry with Docker...");
  await engine.start();
  const after = await engine.running();
  return {
    kind: "docker",
    result: before.length === 0
      ? "started"
      : before.length < after.length
      ? "repaired"
      : "running",
    brokers,
    registryUrl,
    registryApi: "Confluent's",
    logs: "docker compose logs",
    asAsked: kafkaPort === (options.kafkaPort ?? kafkaPort) &&
      registryPort === (options.registryPort ?? registryPort),
  };
}

/** Settings of {@linkcode stopEngine}. */
export interface StopOptions {
  /** Whether the data is removed too. @default {false} */
  readonly wipe?: boolean;
  /** The state folder. By default `.engine` of the checkout. */
  readonly dir?: string;
  /** Told in a line what goes on. By default nobody. */
  readonly tell?: (line: string) => void;
}

/** What {@linkcode stopEngine} did. */
export interface StopResult {
  /** What ran and was stopped. */
  readonly stopped: readonly string[];
  /** Whether the data was removed. */
  readonly wiped: boolean;
}

/**
 * Stops what {@linkcode startEngine} started, and waits until it is gone.
 *
 * @param options Whether the data goes too, and who is told.
 * @returns What was done.
 * @throws {PipelineError} If Docker refuses.
 */
export async function stopEngine(
  options: StopOptions = {},
): Promise<StopResult> {
  const { wipe = false, dir = engineFolder() } = options;
  const local = new LocalEngine({
    dir,
    ...(options.tell && { tell: options.tell }),
  });
  const stopped = await local.stop();
  if (wipe) await local.wipe();
  const record = dockerRecord(dir);
  const ports = parsePorts(await readIfThere(record) ?? "");
  // A volume may be left from an engine that was stopped before.
  if (ports || (wipe && await dockerProblem() === undefined)) {
    const docker = new DockerEngine(ports);
    const services = await docker.running();
    await (wipe ? docker.wipe() : docker.stop());
    await removeIfThere(record);
    stopped.push(...services);
  }
  return { stopped, wiped: wipe };
}

/**
 * Says in words where an engine is and how it is stopped.
 *
 * @param engine The engine.
 * @returns The lines.
 */
export function describeEngine(engine: RunningEngine): string {
  const { brokers, registryUrl, registryApi, logs, result } = engine;
  const heads: Record<StartResult, string> = {
    started: "Kafka and the registry are running.",
    repaired:
      "Kafka and the registry are running; one of them was down and was started again.",
    running: "Kafka and the registry are running already.",
  };
  const usual = brokers === "localhost:9092" &&
    registryUrl === "http://localhost:8081";
  return [
    heads[result],
    ...(engine.asAsked ? [] : [
      "Their ports are not those asked for: to change them, stop them first.",
    ]),
    `  Brokers:  ${brokers}`,
    `  Registry: ${registryUrl} (${registryApi})`,
    `  Logs:     ${logs}`,
    "  Stop:     deno task down",
    ...(usual ? [] : [
      "The other tasks find them with these flags, once the net list of `pipeline` in deno.json has both addresses:",
      `  --brokers ${brokers} --registry ${registryUrl}`,
    ]),
  ].join("\n");
}

/**
 * Says in words what a stop did.
 *
 * @param result What it did.
 * @returns The line.
 */
export function describeStop({ stopped, wiped }: StopResult): string {
  const done = stopped.length > 0
    ? `Stopped ${stopped.join(" and ")}.`
    : "Nothing was running.";
  return wiped
    ? `${done} The data is removed.`
    : `${done}${stopped.length > 0 ? " The data is kept." : ""}`;
}
