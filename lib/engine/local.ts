/**
 * A real Kafka and registry as Java processes of this machine.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { readIfThere, removeIfThere, writeWhole } from "../base/files.ts";
import { registryProcess } from "./apicurio.ts";
import {
  type BrokerNode,
  brokerProcess,
  nodeProperties,
  type Properties,
  randomClusterId,
} from "./broker.ts";
import { ensurePrograms } from "./download.ts";
import type { JavaProcess, PartOptions } from "./java_process.ts";
import { withLock } from "./lock.ts";
import { KAFKA } from "./maven.ts";
import {
  brokerData,
  engineFolder,
  type EngineFolders,
  foldersOf,
  parseRecord,
} from "./paths.ts";
import {
  freePorts,
  type NeededPort,
  requireFreePort,
  requireUsablePorts,
} from "./ports.ts";
import { throwIfStopped } from "./shell.ts";

/** Options for a {@linkcode LocalEngine}. */
export interface LocalEngineOptions extends Partial<PartOptions> {
  /** How many brokers there are. By default as many as have data; without data, one. */
  readonly brokersCount?: number | undefined;
  /** The first broker's port for clients; the others have the ports that follow. @default {9092} */
  readonly kafkaPort?: number | undefined;
  /** Every broker's port for clients, as an array, instead of `kafkaPort` and `brokersCount`. */
  readonly kafkaPorts?: readonly number[] | undefined;
  readonly registryPort?: number | undefined;
  /** Broker properties that are added to the engine's own, or override them: more listeners, for example. */
  readonly serverProperties?: (node: BrokerNode) => Properties;
  /** Options for the brokers' Java. */
  readonly javaOptions?: readonly string[];
  readonly notify?: ((line: string) => void) | undefined;
}

/** The ports of an engine. */
export interface EnginePorts {
  readonly nodes: readonly BrokerNode[];
  readonly registryPort: number;
}

/** The record of the brokers that have data. */
interface Cluster {
  readonly brokersCount: number;
  readonly clusterId: string;
}

/** What a start found and did. */
export type StartResult = "started" | "repaired" | "running";

/** How long a part may take to end after a start that failed or was stopped, in milliseconds. */
const GIVE_UP_TIMEOUT_MS = 5_000;
/** After how long a part that runs is said not to answer, in milliseconds. */
const PATIENCE_MS = 2_000;

/** The most brokers that an engine has. */
export const MAX_BROKERS_COUNT = 3;

/** A real Kafka and registry as Java processes of this machine, each controlled on its own. */
export class LocalEngine {
  readonly registry: JavaProcess;
  readonly folders: EngineFolders;
  readonly #options: LocalEngineOptions;
  readonly #notify: (line: string) => void;
  readonly #portsFile: string;
  /** All brokers that there may be, by id from 1. */
  readonly #allBrokers: readonly JavaProcess[];
  readonly #clusterFile: string;
  #clusterId = "";
  #ports: EnginePorts;
  #portsKnown = false;

  constructor(options: LocalEngineOptions = {}) {
    const dir = options.dir ?? engineFolder();
    this.#options = options;
    this.#notify = options.notify ?? (() => {});
    this.folders = foldersOf(dir);
    this.#portsFile = `${this.folders.run}/ports.json`;
    this.#clusterFile = `${this.folders.data}/cluster.json`;
    this.#ports = this.#wantedPorts(options.brokersCount ?? 1);
    const { title } = options.programs?.kafka ?? KAFKA;
    const makeBroker = (id: number) =>
      brokerProcess({
        ...options,
        dir,
        id,
        properties: () => ({
          ...nodeProperties(this.#node(id), {
            nodes: this.#ports.nodes,
            data: brokerData(this.folders, id),
          }),
          ...options.serverProperties?.(this.#node(id)),
        }),
        title: () =>
          this.#ports.nodes.length > 1 ? `${title} (broker ${id})` : title,
        clusterId: () => this.#clusterId,
        address: () => `localhost:${this.#node(id).kafkaPort}`,
      });
    this.#allBrokers = Array.from(
      { length: MAX_BROKERS_COUNT },
      (_, index) => makeBroker(index + 1),
    );
    this.registry = registryProcess({
      ...options,
      dir,
      port: () => this.#ports.registryPort,
    });
  }

  get brokerProcesses(): readonly JavaProcess[] {
    return this.#allBrokers.slice(0, this.#ports.nodes.length);
  }

  get broker(): JavaProcess {
    return this.#allBrokers[0]!;
  }

  get brokers(): string {
    return this.#ports.nodes.map(({ kafkaPort }) => `localhost:${kafkaPort}`)
      .join(",");
  }

  get registryUrl(): string {
    return `http://localhost:${this.#ports.registryPort}`;
  }

  get kafkaPort(): number {
    return this.#node(1).kafkaPort;
  }

  /** The ports: those of the running engine if one was found, else those asked for. */
  get ports(): EnginePorts {
    return this.#ports;
  }

  /** Finds the parts that run, and takes over the ports of a running engine. */
  async running(): Promise<JavaProcess[]> {
    // A running engine may have more brokers than were asked for.
    const parts = [...this.#allBrokers, this.registry];
    const alive = await Promise.all(parts.map((part) => part.running()));
    const found = parts.filter((_, index) => alive[index]);
    const text = await readIfThere(this.#portsFile);
    const recorded = parseRecord<EnginePorts>(text, "nodes");
    this.#portsKnown = recorded !== undefined;
    if (found.length > 0 && recorded) this.#ports = recorded;
    return found;
  }

  /**
   * Starts the parts that don't run, in parallel, and waits until all do their work. If the signal ends it, what it has started is
   * stopped.
   */
  async start(signal?: AbortSignal): Promise<StartResult> {
    return await this.#alone(() => this.#start(signal), signal);
  }

  /** Stops all parts, in parallel. Data stays. Returns the titles of those that ran. */
  async stop(): Promise<string[]> {
    return await this.#alone(() => this.#stop());
  }

  /** Stops the engine, then removes all data and logs. The programs stay. */
  async wipe(): Promise<void> {
    await this.#alone(async () => {
      await this.#stop();
      await removeIfThere(this.folders.data);
      await removeIfThere(this.folders.logs);
    });
  }

  #wantedPorts(brokersCount: number): EnginePorts {
    const { kafkaPort = 9092, registryPort = 8081 } = this.#options;
    const kafkaPorts = this.#options.kafkaPorts ??
      Array.from({ length: brokersCount }, (_, index) => kafkaPort + index);
    return {
      nodes: kafkaPorts.map((port, index) => ({
        id: index + 1,
        kafkaPort: port,
        controllerPort: 0,
      })),
      registryPort,
    };
  }

  /** Takes over the number of brokers that have data. Returns the record of it, or of how many will have. */
  async #findData(isRunning: boolean): Promise<Cluster> {
    const { brokersCount, kafkaPorts } = this.#options;
    const wanted = kafkaPorts?.length ?? brokersCount;
    const text = await readIfThere(this.#clusterFile);
    const found = parseRecord<Cluster>(text, "clusterId");
    if (
      !isRunning && found &&
      found.brokersCount !== (wanted ?? found.brokersCount)
    ) {
      throw new PipelineError(
        `The data in ${this.folders.data} is that of ${
          brokersOf(found.brokersCount)
        }, and ${brokersOf(wanted ?? 1)} can't use it`,
        {
          hint:
            `Start without --brokers-count to use it. \`deno task down --wipe\` removes it; the next start begins empty.`,
        },
      );
    }
    const record: Cluster = found ??
      { brokersCount: wanted ?? 1, clusterId: randomClusterId() };
    this.#clusterId = record.clusterId;
    if (!isRunning) this.#ports = this.#wantedPorts(record.brokersCount);
    return record;
  }

  #node(id: number): BrokerNode {
    const node = this.#ports.nodes.find((each) => each.id === id);
    if (!node) throw new Error(`No ports for broker ${id}`);
    return node;
  }

  /** Runs an action while no other task starts or stops this engine. */
  async #alone<T>(
    action: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    await Deno.mkdir(this.folders.run, { recursive: true });
    return await withLock({
      path: `${this.folders.run}/lock`,
      onWait: () =>
        this.#notify(
          "Waiting for another task that starts or stops this engine...",
        ),
      signal,
    }, action);
  }

  async #stop(): Promise<string[]> {
    const parts = await this.running();
    await Promise.all(parts.map((part) => part.stop()));
    await removeIfThere(this.#portsFile);
    return parts.map((part) => part.title);
  }

  async #start(signal: AbortSignal | undefined): Promise<StartResult> {
    let alive = await this.running();
    if (alive.length > 0 && !this.#portsKnown) {
      this.#notify("The record of the ports is lost: starting again...");
      await this.#stop();
      alive = [];
    }
    const cluster = await this.#findData(alive.length > 0);
    const dead = [...this.brokerProcesses, this.registry].filter((part) =>
      !alive.includes(part)
    );
    if (alive.length === 0) this.#notify("Starting Kafka and the registry...");
    else {
      for (const { title } of dead) this.#notify(`Starting ${title} again...`);
    }
    await this.#claimPorts(dead, alive);
    await ensurePrograms({
      ...this.#options.programs,
      notify: this.#options.notify,
      signal,
    });
    // Not before it is known that they can start: what has no data yet may still become that of another number of brokers.
    await Deno.mkdir(this.folders.data, { recursive: true });
    await writeWhole(this.#clusterFile, JSON.stringify(cluster) + "\n");
    await writeWhole(this.#portsFile, JSON.stringify(this.#ports) + "\n");
    const results = await Promise.allSettled([
      ...dead.map((part) => part.start(signal)),
      ...alive.map((part) => this.#awaitAnswer(part, signal)),
    ]);
    const failures = failuresOf(results);
    if (failures.length > 0) {
      await Promise.all(dead.map((part) => part.stop(GIVE_UP_TIMEOUT_MS)));
      throwIfStopped(signal);
      throw joinFailures(
        failures,
        alive.length > 0
          ? "`deno task down` stops what still runs; then `deno task up` starts both again."
          : "If the data in its folder is damaged or from another version, `deno task down --wipe` removes all of it.",
      );
    }
    if (dead.length === 0) return "running";
    return alive.length > 0 ? "repaired" : "started";
  }

  /** Waits for a part that runs already. It may be suspended, or hang. */
  async #awaitAnswer(
    part: JavaProcess,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const late = setTimeout(
      () => this.#notify(`Waiting for ${part.title}, which runs, to answer...`),
      PATIENCE_MS,
    );
    try {
      await part.ready(signal);
    } finally {
      clearTimeout(late);
    }
  }

  async #claimPorts(
    parts: readonly JavaProcess[],
    alive: readonly JavaProcess[],
  ): Promise<void> {
    const brokers = this.brokerProcesses;
    // Brokers that run know each other by these ports.
    const keepsControllers = brokers.some((part) => alive.includes(part));
    if (!keepsControllers) this.#chooseControllerPorts();
    const needed = parts.flatMap((part): NeededPort[] => {
      const { title } = part;
      const index = brokers.indexOf(part);
      if (index < 0) {
        const port = this.#ports.registryPort;
        return [{ title, port, flag: "--registry-port" }];
      }
      const { kafkaPort, controllerPort } = this.#node(index + 1);
      const client = { title, port: kafkaPort, flag: "--kafka-port" };
      return keepsControllers
        ? [client, { title, port: controllerPort }]
        : [client];
    });
    requireUsablePorts(needed);
    const results = await Promise.allSettled(needed.map(requireFreePort));
    const failures = failuresOf(results);
    if (failures.length > 0) throw joinFailures(failures);
  }

  #chooseControllerPorts(): void {
    const controllerPorts = freePorts(this.#ports.nodes.length);
    this.#ports = {
      ...this.#ports,
      nodes: this.#ports.nodes.map((node, index) => ({
        ...node,
        controllerPort: controllerPorts[index] ?? 0,
      })),
    };
  }
}

function failuresOf(
  results: readonly PromiseSettledResult<unknown>[],
): unknown[] {
  return results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : []
  );
}

/** Joins errors, each with its hint, to one. */
function joinFailures(
  failures: readonly unknown[],
  ...hints: string[]
): Error {
  const expected = failures.filter((failure) =>
    failure instanceof PipelineError
  );
  const cause = new AggregateError(failures);
  // A defect of this program must not hide behind a known failure.
  if (expected.length < failures.length) return cause;
  return new PipelineError(expected.map(({ message }) => message).join("; "), {
    hint: [...expected.flatMap(({ hint }) => hint ?? []), ...hints].join("\n"),
    cause,
  });
}

function brokersOf(count: number): string {
  return count === 1 ? "one broker" : `${count} brokers`;
}
