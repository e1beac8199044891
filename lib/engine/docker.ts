/**
 * Kafka and the registry as `docker-compose.yml` has them.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { checkoutFolder } from "./paths.ts";
import { brokerAnswers, registryAnswers } from "./ready.ts";
import { type Finished, runCommand } from "./shell.ts";

/** Settings of a {@linkcode DockerEngine}. */
export interface DockerOptions {
  /** The port for Kafka's clients. @default {9092} */
  readonly kafkaPort?: number;
  /** The registry's port. @default {8081} */
  readonly registryPort?: number;
  /** Further compose files, whose values win. */
  readonly overrides?: readonly string[];
  /** The name of the compose project. By default that of `docker-compose.yml`. */
  readonly project?: string;
  /** The services to start. By default all. */
  readonly services?: readonly string[];
}

const START_TIMEOUT = 600_000;
const ASK_TIMEOUT = 15_000;
const ERROR_LINES = 8;

/**
 * Looks whether a Docker engine answers and has Compose.
 *
 * @returns Nothing where both are there, else what is missing, as a sentence's end.
 */
export async function dockerProblem(): Promise<string | undefined> {
  const [engine, compose] = await Promise.all([
    runCommand(["docker", "version", "--format", "{{.Server.Version}}"], {
      timeout: ASK_TIMEOUT,
    }),
    runCommand(["docker", "compose", "version"], { timeout: ASK_TIMEOUT }),
  ]);
  if (engine.code === 127) return "docker was not found";
  if (engine.code !== 0) return "no Docker engine answers";
  return compose.code === 0 ? undefined : "docker has no compose plugin";
}

/**
 * The arguments that every `docker compose` of an engine begins with.
 *
 * @param options Files and project.
 * @returns The arguments.
 */
export function composeArguments(options: DockerOptions = {}): string[] {
  return [
    "compose",
    "--file",
    `${checkoutFolder()}/docker-compose.yml`,
    ...(options.overrides ?? []).flatMap((file) => ["--file", file]),
    ...(options.project === undefined
      ? []
      : ["--project-name", options.project]),
  ];
}

/** Kafka and the registry in containers. */
export class DockerEngine {
  /** The port for Kafka's clients. */
  readonly kafkaPort: number;
  /** The registry's port. */
  readonly registryPort: number;
  readonly #options: DockerOptions;

  /**
   * Makes the engine, which is not started yet.
   *
   * @param options Ports, and what differs from `docker-compose.yml`.
   */
  constructor(options: DockerOptions = {}) {
    this.#options = options;
    this.kafkaPort = options.kafkaPort ?? 9092;
    this.registryPort = options.registryPort ?? 8081;
  }

  /** Where Kafka's clients begin, for `--brokers`. */
  get brokers(): string {
    return `localhost:${this.kafkaPort}`;
  }

  /** The registry's URL, for `--registry`. */
  get registryUrl(): string {
    return `http://localhost:${this.registryPort}`;
  }

  /**
   * Looks which services run.
   *
   * @returns Their names.
   * @throws {PipelineError} If Docker refuses.
   */
  async running(): Promise<string[]> {
    const { stdout } = await this.#compose(
      "ps",
      "--status",
      "running",
      "--services",
    );
    return stdout.split("\n").filter((name) => name !== "");
  }

  /**
   * Starts the services that don't run and waits until they do their work.
   *
   * @throws {PipelineError} If Docker refuses or a service does not come up.
   */
  async start(): Promise<void> {
    await this.#compose("up", "-d", "--wait", ...this.#options.services ?? []);
    await Promise.all([
      brokerAnswers(this.brokers),
      registryAnswers(this.registryUrl, AbortSignal.timeout(30_000)),
    ]);
  }

  /**
   * Stops the services and removes their containers. The volumes, and with them the data, stay.
   *
   * @throws {PipelineError} If Docker refuses.
   */
  async stop(): Promise<void> {
    await this.#compose("down");
  }

  /**
   * Stops the services and removes their volumes too.
   *
   * @throws {PipelineError} If Docker refuses.
   */
  async wipe(): Promise<void> {
    await this.#compose("down", "-v");
  }

  async #compose(verb: string, ...args: string[]): Promise<Finished> {
    const finished = await runCommand([
      "docker",
      ...composeArguments(this.#options),
      verb,
      ...args,
    ], {
      timeout: START_TIMEOUT,
      env: {
        KAFKA_PORT: String(this.kafkaPort),
        SCHEMA_REGISTRY_PORT: String(this.registryPort),
      },
    });
    if (finished.code === 0) return finished;
    const said = (finished.stderr + finished.stdout).trim().split("\n");
    throw new PipelineError(`docker compose ${verb} failed`, {
      hint: [
        ...said.slice(-ERROR_LINES),
        "`docker compose logs` shows what the services printed. A port in use can be changed with --kafka-port and --registry-port.",
      ].join("\n"),
    });
  }
}
