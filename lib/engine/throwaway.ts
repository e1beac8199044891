/**
 * Engines for one run: free ports, data in a temporary folder, gone at the end, however that end comes.
 *
 * @module
 */

import { chooseEngine, javaProblem } from "./choose.ts";
import { DockerEngine } from "./docker.ts";
import { LocalEngine, type LocalEngineOptions } from "./local.ts";
import { engineFolder, removeIfThere } from "./paths.ts";
import { freePorts, isPortFree } from "./ports.ts";
import { Watchdog } from "./watchdog.ts";

/** Settings of {@linkcode startThrowawayEngine}. */
export type ThrowawayOptions = Omit<
  LocalEngineOptions,
  "dir" | "kafkaPort" | "registryPort" | "watchdog"
>;

/** What is known of every throwaway engine, whatever runs it. */
export interface Throwaway extends AsyncDisposable {
  /** Where Kafka's clients begin. */
  readonly brokers: string;
  /** The registry's URL. */
  readonly registryUrl: string;
}

/** A local engine that is gone, with its data, once it is disposed of or this process ends. */
export class ThrowawayEngine extends LocalEngine implements Throwaway {
  readonly #watchdog: Watchdog;

  /**
   * Makes the engine, which is not started yet.
   *
   * @param watchdog What ends it when this process dies.
   * @param options Everything else, the folder included.
   */
  constructor(watchdog: Watchdog, options: LocalEngineOptions) {
    super({ ...options, watchdog });
    this.#watchdog = watchdog;
  }

  /** Ends both processes and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing of it is kept, so nothing has to be closed properly.
    await Promise.all([this.broker.kill(), this.registry.kill()]);
    await this.#watchdog.release();
    await removeIfThere(this.folders.root);
  }
}

const ATTEMPTS = 3;

/**
 * Starts a local engine on free ports, with its data in a temporary folder. It uses the programs of the checkout.
 *
 * @param options What differs from the usual.
 * @returns The engine, ready for work. Dispose of it with `await using`.
 * @throws {PipelineError} If a program can't be had or does not come up.
 */
export async function startThrowawayEngine(
  options: ThrowawayOptions = {},
): Promise<ThrowawayEngine> {
  for (let attempt = 1;; attempt++) {
    const engine = await makeThrowawayEngine(options);
    try {
      await engine.start();
      return engine;
    } catch (error) {
      await Promise.all([engine.broker.kill(), engine.registry.kill()]);
      const { kafkaPort, controllerPort, registryPort } = engine.ports;
      const free = await Promise.all(
        [kafkaPort, controllerPort, registryPort].map(isPortFree),
      );
      await engine[Symbol.asyncDispose]();
      // Between the choice of a port and its use, another program may take it.
      if (attempt === ATTEMPTS || free.every((port) => port)) throw error;
    }
  }
}

/**
 * Makes a local engine like that of {@linkcode startThrowawayEngine}, which is not started yet.
 *
 * @param options What differs from the usual.
 * @returns The engine. Dispose of it with `await using`.
 */
export async function makeThrowawayEngine(
  options: ThrowawayOptions = {},
): Promise<ThrowawayEngine> {
  const dir = await temporaryFolder();
  const [kafkaPort = 0, registryPort = 0] = freePorts(2);
  return new ThrowawayEngine(new Watchdog(dir), {
    ...options,
    dir,
    kafkaPort,
    registryPort,
  });
}

async function temporaryFolder(): Promise<string> {
  // Inside the checkout, as one task's permission to write can't name the system's folder, which differs by machine.
  const dir = `${engineFolder()}/tmp`;
  await Deno.mkdir(dir, { recursive: true });
  return await Deno.makeTempDir({ dir, prefix: "engine-" });
}

/**
 * Writes the compose file that lets `docker-compose.yml` run a second time beside itself.
 *
 * @param project The name of the compose project.
 * @returns The text: names of its own for the containers and the network.
 */
export function composeOverride(project: string): string {
  return JSON.stringify(
    {
      services: {
        "broker": { container_name: `${project}-broker` },
        "schema-registry": { container_name: `${project}-schema-registry` },
      },
      networks: { "kafka-network": { name: project } },
    },
    null,
    2,
  );
}

/**
 * Starts an engine for one run with whatever this machine has: Java where it can, as that leaves nothing behind even after
 * a crash, else Docker.
 *
 * @param tell Told in a line what goes on.
 * @returns The engine, ready for work. Dispose of it with `await using`.
 * @throws {PipelineError} If this machine has neither, or the engine does not come up.
 */
export async function startAnyThrowaway(
  tell: (line: string) => void,
): Promise<Throwaway> {
  if (await javaProblem() === undefined) {
    return await startThrowawayEngine({ tell });
  }
  // With no Java, what is left is Docker, or the error that explains both.
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
