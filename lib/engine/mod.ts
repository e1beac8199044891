/**
 * Kafka and a Schema Registry on this machine, in containers or as Java processes: what `deno task up` and `deno task down`
 * do.
 *
 * @module
 */

import { PipelineError, StoppedError } from "../base/errors.ts";
import { readIfThere, removeIfThere, writeWhole } from "../base/files.ts";
import { CONFLUENT_API } from "./apicurio.ts";
import { chooseEngine, type ENGINES } from "./choose.ts";
import { DockerEngine, dockerProblem } from "./docker.ts";
import { LocalEngine, type StartResult } from "./local.ts";
import { engineFolder, foldersOf, parseRecord } from "./paths.ts";

/** Options for {@linkcode startEngine}. */
export interface StartOptions {
  readonly engine?: typeof ENGINES[number];
  /** How many brokers there are, 1 or 3; Docker's is one. By default as many as have data; without data, one. */
  readonly brokersCount?: number | undefined;
  /** The first broker's port for clients; the others have the ports that follow. @default {9092} */
  readonly kafkaPort?: number | undefined;
  readonly registryPort?: number | undefined;
  readonly dir?: string;
  readonly notify?: (line: string) => void;
  /** Ends the start; what it has started is stopped. */
  readonly signal?: AbortSignal | undefined;
}

/** An engine that runs. */
export interface RunningEngine {
  readonly result: StartResult;
  readonly brokers: string;
  readonly registryUrl: string;
  /** The name of the registry's API, and its path. */
  readonly registryApi: string;
  /** The folder of its logs, or the command that shows them. */
  readonly logs: string;
  readonly uiUrl?: string;
  readonly brokersCount: number;
  /** Whether it has the ports that were asked for. */
  readonly asAsked: boolean;
  /** The number of brokers that were asked for, if it has another; it runs already then. */
  readonly brokersWanted?: number;
}

interface Ports {
  readonly kafkaPort: number;
  readonly registryPort: number;
}

function hasPorts(
  { kafkaPort, registryPort }: StartOptions,
  found: Ports,
): boolean {
  return (kafkaPort ?? found.kafkaPort) === found.kafkaPort &&
    (registryPort ?? found.registryPort) === found.registryPort;
}

const dockerRecord = (dir: string) => `${foldersOf(dir).run}/docker.json`;

async function dockerPorts(dir: string): Promise<Ports | undefined> {
  const text = await readIfThere(dockerRecord(dir));
  return parseRecord<Ports>(text, "registryPort");
}

/**
 * Starts Kafka and the registry, unless they run already, and waits until both do their work. They outlive this process.
 *
 * @throws {PipelineError} If this machine can't run them, a port is in use, or one does not come up.
 * @throws {StoppedError} If the signal ended the start.
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
  const { brokersCount: wanted } = options;
  const isCluster = wanted !== undefined && wanted > 1;
  if (isCluster && engine === "docker") {
    throw new PipelineError(
      "`deno task up` starts one broker with Docker, not several",
      {
        hint:
          "Start the cluster of docker-compose.yml: docker compose up -d --wait cluster-registry\n" +
          "Or use Java without Docker: deno task up --engine local --brokers-count 3",
      },
    );
  }
  const kind = localRuns
    ? "local"
    : await chooseEngine(isCluster ? "local" : engine);
  if (kind === "docker") return await startDocker(options, dir);
  const result = await local.start(options.signal);
  const { kafkaPort, ports: { nodes, registryPort } } = local;
  return {
    result,
    brokers: local.brokers,
    registryUrl: local.registryUrl,
    registryApi: `Apicurio, with Confluent's API under ${CONFLUENT_API}`,
    logs: local.folders.logs,
    brokersCount: nodes.length,
    ...(wanted !== undefined && wanted !== nodes.length &&
      { brokersWanted: wanted }),
    asAsked: hasPorts(options, { kafkaPort, registryPort }),
  };
}

/** Determines whether at least a part of this checkout's engine runs. */
export async function engineRuns(): Promise<boolean> {
  const dir = engineFolder();
  if ((await new LocalEngine({ dir }).running()).length > 0) return true;
  if (await dockerProblem() !== undefined) return false;
  const ports = await dockerPorts(dir);
  return (await new DockerEngine(ports).running()).length > 0;
}

async function startDocker(
  options: StartOptions,
  dir: string,
): Promise<RunningEngine> {
  const recorded = await dockerPorts(dir);
  // Without a record, `docker compose` may have started them.
  const before = await new DockerEngine(recorded).running();
  const engine = new DockerEngine(before.length > 0 ? recorded : options);
  const { kafkaPort, registryPort, brokers, registryUrl, uiUrl } = engine;
  await Deno.mkdir(foldersOf(dir).run, { recursive: true });
  await writeWhole(
    dockerRecord(dir),
    JSON.stringify({ kafkaPort, registryPort }) + "\n",
  );
  options.notify?.("Starting Kafka and the registry with Docker...");
  try {
    await engine.start(options.signal);
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    if (before.length > 0) {
      throw new StoppedError(
        "Stopped while the engine started: `deno task down` stops what runs of it",
      );
    }
    await engine.stop();
    throw error;
  }
  const after = await engine.running();
  return {
    result: before.length === 0
      ? "started"
      : before.length < after.length
      ? "repaired"
      : "running",
    brokers,
    registryUrl,
    registryApi: "Confluent's",
    logs: "docker compose logs",
    brokersCount: 1,
    uiUrl,
    asAsked: hasPorts(options, { kafkaPort, registryPort }),
  };
}

/** What {@linkcode stopEngine} did. */
export interface StopResult {
  /** The titles of what was stopped. */
  readonly stopped: readonly string[];
  readonly wiped: boolean;
}

/** Stops what {@linkcode startEngine} started, and waits until it is gone. */
export async function stopEngine(
  options: Pick<StartOptions, "dir" | "notify"> & { readonly wipe?: boolean } =
    {},
): Promise<StopResult> {
  const { wipe = false, dir = engineFolder() } = options;
  const local = new LocalEngine({ dir, notify: options.notify });
  const stopped = await local.stop();
  if (wipe) await local.wipe();
  const ports = await dockerPorts(dir);
  // An engine that was stopped earlier may have left a volume.
  if (ports || (wipe && await dockerProblem() === undefined)) {
    const docker = new DockerEngine(ports);
    const services = await docker.running();
    await (wipe ? docker.wipe() : docker.stop());
    await removeIfThere(dockerRecord(dir));
    stopped.push(...services);
  }
  return { stopped, wiped: wipe };
}
