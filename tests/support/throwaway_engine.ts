/**
 * Engines for one run: on free ports, with data in a temporary folder, removed at the end, after a crash too.
 *
 * @module
 */

import { removeIfThere } from "../../lib/base/files.ts";
import { chooseEngine, javaProblem } from "../../lib/engine/choose.ts";
import {
  archiveDraftOf,
  archiveOf,
  archiveOptions,
} from "../../lib/engine/class_archive.ts";
import { DockerEngine } from "../../lib/engine/docker.ts";
import { ensurePrograms } from "../../lib/engine/download.ts";
import {
  LocalEngine,
  type LocalEngineOptions,
} from "../../lib/engine/local.ts";
import { engineFolder } from "../../lib/engine/paths.ts";
import { freePorts, isPortFree } from "../../lib/engine/ports.ts";
import { Watchdog } from "./watchdog.ts";

/** Options for {@linkcode startThrowawayEngine}. */
export type ThrowawayOptions = Omit<
  LocalEngineOptions,
  "dir" | "kafkaPort" | "kafkaPorts" | "registryPort"
>;

/** A throwaway engine of any kind. */
export interface Throwaway extends AsyncDisposable {
  readonly brokers: string;
  readonly registryUrl: string;
}

/** A local engine that is removed, with its data, when it is disposed of or this process ends. */
export class ThrowawayEngine extends LocalEngine implements Throwaway {
  readonly #watchdog = new Watchdog(this.folders.root);

  constructor(options: LocalEngineOptions) {
    super({
      ...options,
      serverProperties: (node) => ({
        // By default the controller writes a record that says nothing twice a second: a third of what an idle broker costs.
        "metadata.max.idle.interval.ms": "0",
        ...options.serverProperties?.(node),
      }),
    });
  }

  /** Kills all processes: the data is not kept, so none has to be closed properly. */
  async kill(): Promise<void> {
    const parts = [...this.brokerProcesses, this.registry];
    await Promise.all(parts.map((part) => part.kill()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#watchdog.release();
    await removeIfThere(this.folders.root);
  }
}

/** How long a part may take to end when it writes an archive, in milliseconds. */
const ARCHIVE_TIMEOUT_MS = 120_000;

/** Makes the archives with which engines start faster, if this machine has Java and they are not there. */
export async function archiveClasses(): Promise<void> {
  if (await javaProblem() !== undefined) return;
  const { kafka, registryJar } = await ensurePrograms();
  const programs = [kafka, registryJar];
  const there = await Promise.all(
    programs.map((program) => archiveOptions(program)),
  );
  if (there.every((options) => options.length > 0)) return;
  await using engine = await startThrowawayEngine({ archiveClasses: true });
  const parts = [engine.broker, engine.registry];
  await Promise.all(parts.map((part) => part.stop(ARCHIVE_TIMEOUT_MS)));
  for (const program of programs) {
    await Deno.rename(archiveDraftOf(program), archiveOf(program));
  }
}

const ATTEMPTS_COUNT = 3;

/** Starts a local engine on free ports, with its data in a temporary folder. It uses the programs of the checkout. */
export async function startThrowawayEngine(
  options: ThrowawayOptions = {},
): Promise<ThrowawayEngine> {
  for (let attempt = 1;; attempt++) {
    const engine = await makeThrowawayEngine(options);
    try {
      await engine.start();
      return engine;
    } catch (error) {
      await engine.kill();
      const { nodes, registryPort } = engine.ports;
      const ports = nodes.flatMap(({ kafkaPort, controllerPort }) => [
        kafkaPort,
        controllerPort,
      ]);
      const free = await Promise.all([...ports, registryPort].map(isPortFree));
      await engine[Symbol.asyncDispose]();
      // Another program may have taken a port between its choice and its use.
      if (attempt === ATTEMPTS_COUNT || free.every((port) => port)) throw error;
    }
  }
}

/** Makes an engine as {@linkcode startThrowawayEngine} does, which is not started yet. */
export async function makeThrowawayEngine(
  options: ThrowawayOptions = {},
): Promise<ThrowawayEngine> {
  const dir = await temporaryFolder();
  const [registryPort = 0, ...kafkaPorts] = freePorts(
    1 + (options.brokersCount ?? 1),
  );
  return new ThrowawayEngine({
    ...options,
    dir,
    kafkaPorts,
    registryPort,
  });
}

async function temporaryFolder(): Promise<string> {
  // In the checkout: the system's temporary folder differs by machine, so no permission set can name it.
  const dir = `${engineFolder()}/tmp`;
  await Deno.mkdir(dir, { recursive: true });
  return await Deno.makeTempDir({ dir, prefix: "engine-" });
}

/** The compose file that lets `docker-compose.yml` run beside itself: with names of its own for containers and network. */
export function composeOverride(project: string): string {
  return JSON.stringify({
    services: {
      "broker": { container_name: `${project}-broker` },
      "schema-registry": { container_name: `${project}-schema-registry` },
    },
    networks: { "kafka-network": { name: project } },
  });
}

/** Starts an engine for one run: with Java if this machine has it, as that leaves nothing behind even after a crash, else with Docker. */
export async function startAnyThrowaway(
  notify: (line: string) => void,
): Promise<Throwaway> {
  if (await javaProblem() === undefined) {
    return await startThrowawayEngine({ notify });
  }
  // Without Java, only Docker is left, or the error that explains both.
  await chooseEngine("auto");
  return await startThrowawayContainers();
}

async function startThrowawayContainers(): Promise<Throwaway> {
  const dir = await temporaryFolder();
  const project = `cafe-throwaway-${crypto.randomUUID().slice(0, 8)}`;
  const override = `${dir}/override.json`;
  await Deno.writeTextFile(override, composeOverride(project));
  const [kafkaPort = 0, registryPort = 0] = freePorts(2);
  const engine = new DockerEngine({
    kafkaPort,
    registryPort,
    project,
    overrides: [override],
    services: ["broker", "schema-registry"],
  });
  const { brokers, registryUrl } = engine;
  const dispose = async () => {
    await engine.wipe();
    await removeIfThere(dir);
  };
  try {
    await engine.start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { brokers, registryUrl, [Symbol.asyncDispose]: dispose };
}
