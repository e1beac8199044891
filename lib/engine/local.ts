/**
 * A real Kafka and registry as Java processes of this machine.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { CONFLUENT_API, registryProcess } from "./apicurio.ts";
import {
  type BrokerNode,
  brokerProcess,
  nodeProperties,
  type Properties,
} from "./broker.ts";
import { ensurePrograms } from "./download.ts";
import type { JavaProcess } from "./java_process.ts";
import { withLock } from "./lock.ts";
import {
  brokerData,
  engineFolder,
  type EngineFolders,
  foldersOf,
  parseObject,
  readIfThere,
  removeIfThere,
  writeWhole,
} from "./paths.ts";
import { freePorts, type NeededPort, requireFreePort } from "./ports.ts";
import { throwIfStopped } from "./shell.ts";
import type { Watchdog } from "./watchdog.ts";

/** Options for a {@linkcode LocalEngine}. */
export interface LocalEngineOptions {
  /** The state folder. By default `.engine` of the checkout. */
  readonly dir?: string;
  /** The port for Kafka's clients. @default {9092} */
  readonly kafkaPort?: number | undefined;
  /** The registry's port. @default {8081} */
  readonly registryPort?: number | undefined;
  /** Broker properties that are added to the engine's own, or override them: more listeners, for example. */
  readonly serverProperties?: Properties;
  /** Options for the broker's Java that override the defaults, such as `-Xmx2g`. */
  readonly javaOptions?: readonly string[];
  /** The folder for the programs. By default that of the checkout. */
  readonly programs?: string;
  /** Ends the engine when this process dies. Without it, the engine keeps running. */
  readonly watchdog?: Watchdog;
  /** Receives a line about what happens. */
  readonly notify?: ((line: string) => void) | undefined;
}

/** The ports of an engine. */
export interface EnginePorts {
  /** The brokers, with their ids and ports. */
  readonly nodes: readonly BrokerNode[];
  /** The registry's port. */
  readonly registryPort: number;
}

/** What a start found and did. */
export type StartResult = "started" | "repaired" | "running";

/** How long a part may take to end after a start that failed or was stopped, in milliseconds. */
const GIVE_UP_TIMEOUT_MS = 5_000;
/** After how long a part that runs is said not to answer, in milliseconds. */
const PATIENCE_MS = 2_000;

/** A real Kafka and registry as Java processes of this machine, each controlled on its own. */
export class LocalEngine {
  /** The brokers, sorted by id. */
  readonly brokerProcesses: readonly [JavaProcess, ...JavaProcess[]];
  /** The registry. */
  readonly registry: JavaProcess;
  /** The folders. */
  readonly folders: EngineFolders;
  readonly #options: LocalEngineOptions;
  readonly #portsFile: string;
  #ports: EnginePorts;
  #portsKnown = false;

  /**
   * Makes the engine, which is not started yet.
   *
   * @param options Folder, ports and how it ends.
   */
  constructor(options: LocalEngineOptions = {}) {
    const dir = options.dir ?? engineFolder();
    this.#options = options;
    this.folders = foldersOf(dir);
    this.#portsFile = `${this.folders.run}/ports.json`;
    const { kafkaPort = 9092, registryPort = 8081 } = options;
    this.#ports = {
      nodes: [{ id: 1, kafkaPort, controllerPort: 0 }],
      registryPort,
    };
    const common = {
      dir,
      programs: options.programs,
      watchdog: options.watchdog,
    };
    const makeBroker = (id: number) =>
      brokerProcess({
        ...common,
        id,
        properties: () => ({
          ...nodeProperties(this.#node(id), {
            nodes: this.#ports.nodes,
            data: brokerData(this.folders, id),
          }),
          ...options.serverProperties,
        }),
        address: () => `localhost:${this.#node(id).kafkaPort}`,
        javaOptions: options.javaOptions,
      });
    this.brokerProcesses = [makeBroker(1)];
    this.registry = registryProcess({
      ...common,
      port: () => this.#ports.registryPort,
    });
  }

  /** The first broker. */
  get broker(): JavaProcess {
    return this.brokerProcesses[0];
  }

  /** The brokers' addresses, separated by commas. */
  get brokers(): string {
    return this.#ports.nodes.map(({ kafkaPort }) => `localhost:${kafkaPort}`)
      .join(",");
  }

  /** The registry's URL. */
  get registryUrl(): string {
    return `http://localhost:${this.#ports.registryPort}`;
  }

  /** The registry's URL with the path of Confluent's API. */
  get confluentApiUrl(): string {
    return `${this.registryUrl}${CONFLUENT_API}`;
  }

  /** The first broker's port for clients. */
  get kafkaPort(): number {
    return this.#node(1).kafkaPort;
  }

  /** The ports: those of the running engine if one was found, else those asked for. */
  get ports(): EnginePorts {
    return this.#ports;
  }

  /**
   * Determines which parts run, and takes over the ports of a running engine.
   *
   * @returns The parts that run.
   */
  async running(): Promise<JavaProcess[]> {
    const parts = this.#parts();
    const alive = await Promise.all(parts.map((part) => part.running()));
    const found = parts.filter((_, index) => alive[index]);
    const recorded = parsePorts(await readIfThere(this.#portsFile) ?? "");
    this.#portsKnown = recorded !== undefined;
    if (found.length > 0 && recorded) this.#ports = recorded;
    return found;
  }

  /**
   * Starts the parts that don't run, in parallel, and waits until all do their work.
   *
   * @param signal Ends the start; what it has started is stopped.
   * @returns What it found and did.
   * @throws {PipelineError} If a port is in use, a program can't be had, or a part does not come up.
   * @throws {StoppedError} If the signal ended it.
   */
  async start(signal?: AbortSignal): Promise<StartResult> {
    return await this.#alone(() => this.#start(signal), signal);
  }

  /**
   * Stops all parts, in parallel, and waits until they are gone. Data stays.
   *
   * @returns The titles of those that ran.
   */
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

  #parts(): JavaProcess[] {
    return [...this.brokerProcesses, this.registry];
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

  #notify(line: string): void {
    this.#options.notify?.(line);
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
    const dead = this.#parts().filter((part) => !alive.includes(part));
    if (alive.length === 0) this.#notify("Starting Kafka and the registry...");
    else {
      for (const { title } of dead) this.#notify(`Starting ${title} again...`);
    }
    await this.#claimPorts(dead);
    await ensurePrograms({
      folder: this.#options.programs,
      notify: this.#options.notify,
      signal,
    });
    await writeWhole(this.#portsFile, JSON.stringify(this.#ports) + "\n");
    const results = await Promise.allSettled([
      ...dead.map((part) => part.start(signal)),
      ...alive.map((part) => this.#awaitAnswer(part, signal)),
    ]);
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
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

  async #claimPorts(parts: readonly JavaProcess[]): Promise<void> {
    const needed = (part: JavaProcess): NeededPort => {
      const index = this.brokerProcesses.indexOf(part);
      const { title } = part;
      return index < 0
        ? { title, port: this.#ports.registryPort, flag: "--registry-port" }
        : {
          title,
          port: this.#node(index + 1).kafkaPort,
          flag: "--kafka-port",
        };
    };
    const results = await Promise.allSettled(
      parts.map((part) => requireFreePort(needed(part))),
    );
    const [first, second] = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
    if (second) throw joinFailures([first, second]);
    if (first) throw first;
    if (!this.brokerProcesses.some((part) => parts.includes(part))) return;
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

/** Joins several errors, each with its hint, to one. */
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

/**
 * Reads the ports of a running engine.
 *
 * @param text The text of the file that a start wrote.
 * @returns The ports; undefined if the text has none.
 */
export function parsePorts(text: string): EnginePorts | undefined {
  const { nodes, registryPort = 0 }: Partial<EnginePorts> = parseObject(text);
  const isPort = (port: unknown) => Number.isInteger(port) && Number(port) > 0;
  return Array.isArray(nodes) && nodes.length > 0 && isPort(registryPort) &&
      nodes.every((node) =>
        isPort(node?.id) && isPort(node.kafkaPort) &&
        Number.isInteger(node.controllerPort)
      )
    ? { nodes, registryPort }
    : undefined;
}
