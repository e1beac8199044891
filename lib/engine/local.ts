/**
 * A real Kafka and registry as two Java processes of this machine.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { CONFLUENT_API, registryProcess } from "./apicurio.ts";
import {
  brokerProcess,
  type Properties,
  singleNodeProperties,
} from "./broker.ts";
import { ensurePrograms } from "./download.ts";
import type { JavaProcess } from "./java_process.ts";
import { withLock } from "./lock.ts";
import {
  engineFolder,
  type EngineFolders,
  foldersOf,
  readIfThere,
  removeIfThere,
  writeWhole,
} from "./paths.ts";
import { freePorts, requireFreePort } from "./ports.ts";
import type { Watchdog } from "./watchdog.ts";

/** Settings of a {@linkcode LocalEngine}. */
export interface LocalEngineOptions {
  /** The state folder. By default `.engine` of the checkout. */
  readonly dir?: string;
  /** The port for Kafka's clients. @default {9092} */
  readonly kafkaPort?: number;
  /** The registry's port. @default {8081} */
  readonly registryPort?: number;
  /** Broker properties that are added to, or win over, the engine's own: more listeners, for example. */
  readonly serverProperties?: Properties;
  /** Options for the broker's Java that win over the defaults, such as `-Xmx2g`. */
  readonly javaOptions?: readonly string[];
  /** The folder for the programs. By default that of the checkout. */
  readonly programs?: string;
  /** Ends the engine when this process dies. Without it, the engine lives on. */
  readonly watchdog?: Watchdog;
  /** Told in a line what goes on. By default nobody. */
  readonly tell?: (line: string) => void;
}

/** The ports of an engine. */
export interface EnginePorts {
  /** For Kafka's clients. */
  readonly kafkaPort: number;
  /** For Kafka's controller. */
  readonly controllerPort: number;
  /** The registry's. */
  readonly registryPort: number;
}

/** What a start found and did. */
export type StartResult = "started" | "repaired" | "running";

/** A real Kafka and registry as two Java processes of this machine, each under control of its own. */
export class LocalEngine {
  /** The broker. */
  readonly broker: JavaProcess;
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
    this.#ports = {
      kafkaPort: options.kafkaPort ?? 9092,
      controllerPort: 0,
      registryPort: options.registryPort ?? 8081,
    };
    const common = {
      dir,
      ...(options.programs !== undefined && { programs: options.programs }),
      ...(options.watchdog && { watchdog: options.watchdog }),
    };
    this.broker = brokerProcess({
      ...common,
      properties: () => ({
        ...singleNodeProperties({
          ...this.#ports,
          data: `${this.folders.data}/kafka`,
        }),
        ...options.serverProperties,
      }),
      address: () => this.brokers,
      javaOptions: options.javaOptions ?? [],
    });
    this.registry = registryProcess({
      ...common,
      port: () => this.#ports.registryPort,
    });
  }

  /** Where Kafka's clients begin, for `--brokers`. */
  get brokers(): string {
    return `localhost:${this.#ports.kafkaPort}`;
  }

  /** The registry's URL, for `--registry`. */
  get registryUrl(): string {
    return `http://localhost:${this.#ports.registryPort}`;
  }

  /** The registry's URL with the path of Confluent's API. */
  get confluentApiUrl(): string {
    return `${this.registryUrl}${CONFLUENT_API}`;
  }

  /** The ports: those of the running engine once it was found, else those asked for. */
  get ports(): EnginePorts {
    return this.#ports;
  }

  /**
   * Looks which of the two run, and takes over the ports of an engine that does.
   *
   * @returns The parts that run.
   */
  async running(): Promise<JavaProcess[]> {
    const parts = [this.broker, this.registry];
    const alive = await Promise.all(parts.map((part) => part.running()));
    const found = parts.filter((_, index) => alive[index]);
    const recorded = parsePorts(await readIfThere(this.#portsFile) ?? "");
    this.#portsKnown = recorded !== undefined;
    if (found.length > 0 && recorded) this.#ports = recorded;
    return found;
  }

  /**
   * Starts what does not run yet, both side by side, and waits until they do their work.
   *
   * @returns What was found and done.
   * @throws {PipelineError} If a port is in use, a program can't be had, or a part does not come up.
   */
  async start(): Promise<StartResult> {
    return await this.#alone(() => this.#start());
  }

  /**
   * Stops both, side by side, and waits until they are gone. Data stays.
   *
   * @returns The titles of those that ran.
   */
  async stop(): Promise<string[]> {
    return await this.#alone(() => this.#stop());
  }

  /** Removes all data and logs, and stops the engine before that. The programs stay. */
  async wipe(): Promise<void> {
    await this.#alone(async () => {
      await this.#stop();
      await removeIfThere(this.folders.data);
      await removeIfThere(this.folders.logs);
    });
  }

  /** Keeps two tasks that start or stop this engine at the same time apart. */
  async #alone<T>(action: () => Promise<T>): Promise<T> {
    await Deno.mkdir(this.folders.run, { recursive: true });
    return await withLock(
      `${this.folders.run}/lock`,
      action,
      () =>
        this.#tell(
          "Waiting for another task that starts or stops this engine...",
        ),
    );
  }

  #tell(line: string): void {
    this.#options.tell?.(line);
  }

  async #stop(): Promise<string[]> {
    const parts = await this.running();
    await Promise.all(parts.map((part) => part.stop()));
    await removeIfThere(this.#portsFile);
    return parts.map((part) => part.title);
  }

  async #start(): Promise<StartResult> {
    let alive = await this.running();
    if (alive.length > 0 && !this.#portsKnown) {
      this.#tell("The record of the ports is lost: starting again...");
      await this.#stop();
      alive = [];
    }
    const dead = [this.broker, this.registry].filter((part) =>
      !alive.includes(part)
    );
    if (alive.length === 0) this.#tell("Starting Kafka and the registry...");
    else for (const { title } of dead) this.#tell(`Starting ${title} again...`);
    await this.#claimPorts(dead);
    await ensurePrograms(this.#options.programs, this.#options.tell);
    await writeWhole(this.#portsFile, JSON.stringify(this.#ports) + "\n");
    const results = await Promise.allSettled([
      ...dead.map((part) => part.start()),
      ...alive.map((part) => part.ready()),
    ]);
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
    if (failures.length > 0) {
      await Promise.all(dead.map((part) => part.stop()));
      throw joinFailures(
        failures,
        alive.length > 0
          ? "`deno task down` stops what still runs; then `deno task up` starts both anew."
          : "If the data in its folder is damaged or from another version, `deno task down --wipe` removes all of it.",
      );
    }
    if (dead.length === 0) return "running";
    return alive.length > 0 ? "repaired" : "started";
  }

  async #claimPorts(parts: readonly JavaProcess[]): Promise<void> {
    const results = await Promise.allSettled(
      parts.map((part) =>
        requireFreePort({
          title: part.title,
          ...(part === this.broker
            ? { port: this.#ports.kafkaPort, flag: "--kafka-port" }
            : { port: this.#ports.registryPort, flag: "--registry-port" }),
        })
      ),
    );
    const [first, second] = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
    if (second) throw joinFailures([first, second]);
    if (first) throw first;
    if (!parts.includes(this.broker)) return;
    const [controllerPort = 0] = freePorts(1);
    this.#ports = { ...this.#ports, controllerPort };
  }
}

/** Makes one error of several, each of them with its hint. */
function joinFailures(
  failures: readonly unknown[],
  ...hints: string[]
): Error {
  const expected = failures.filter((failure) =>
    failure instanceof PipelineError
  );
  const cause = new AggregateError(failures);
  // A defect of this program must not hide behind a failure that it knows.
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
 * @returns The ports, or nothing where the text is not that.
 */
export function parsePorts(text: string): EnginePorts | undefined {
  let value: Partial<Record<keyof EnginePorts, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [kafkaPort = 0, registryPort = 0, controllerPort = 0] = [
    value?.kafkaPort,
    value?.registryPort,
    value?.controllerPort ?? 0,
  ].map(Number);
  return [kafkaPort, registryPort, controllerPort].every(Number.isInteger) &&
      kafkaPort > 0 && registryPort > 0
    ? { kafkaPort, registryPort, controllerPort }
    : undefined;
}
