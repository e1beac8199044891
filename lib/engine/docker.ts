/**
 * Kafka, the registry and Kafka UI in the containers of `docker-compose.yml`.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import { checkoutFolder } from "./paths.ts";
import { brokerAnswers, registryAnswers } from "./ready.ts";
import { type Finished, runCommand } from "./shell.ts";

/** Options for a {@linkcode DockerEngine}. */
export interface DockerOptions {
  readonly kafkaPort?: number | undefined;
  readonly registryPort?: number | undefined;
  /** Further compose files, which override the first. */
  readonly overrides?: readonly string[];
  /** By default that of `docker-compose.yml`. */
  readonly project?: string;
  /** By default all. */
  readonly services?: readonly string[];
}

/** How long a command of Compose may take, in milliseconds: the first start downloads the images. */
const COMPOSE_TIMEOUT_MS = 600_000;
const QUESTION_TIMEOUT_MS = 15_000;
const REGISTRY_TIMEOUT_MS = 30_000;
const ERROR_LINES_COUNT = 8;
/** The port of Kafka UI, unless the variable that `docker-compose.yml` reads sets another. */
const UI_PORT = "8080";
const NODE_ID = 1;

/** Says what is missing of a Docker engine with Compose, as the end of a sentence; undefined if nothing is. */
export async function dockerProblem(): Promise<string | undefined> {
  const [engine, compose] = await Promise.all([
    runCommand(["docker", "version", "--format", "{{.Server.Version}}"], {
      timeoutMs: QUESTION_TIMEOUT_MS,
    }),
    runCommand(["docker", "compose", "version"], {
      timeoutMs: QUESTION_TIMEOUT_MS,
    }),
  ]);
  if (engine.code === 127) return "docker was not found";
  if (engine.code !== 0) return "no Docker engine answers";
  return compose.code === 0 ? undefined : "docker has no compose plugin";
}

/** Kafka and the registry in containers. */
export class DockerEngine {
  readonly kafkaPort: number;
  readonly registryPort: number;
  readonly #options: DockerOptions;

  constructor(options: DockerOptions = {}) {
    this.#options = options;
    this.kafkaPort = options.kafkaPort ?? 9092;
    this.registryPort = options.registryPort ?? 8081;
  }

  get brokers(): string {
    return `localhost:${this.kafkaPort}`;
  }

  get uiUrl(): string {
    return `http://localhost:${Deno.env.get("KAFKA_UI_PORT") || UI_PORT}`;
  }

  get registryUrl(): string {
    return `http://localhost:${this.registryPort}`;
  }

  async running(): Promise<string[]> {
    const { stdout } = await this.#compose([
      "ps",
      "--status",
      "running",
      "--services",
    ]);
    return stdout.split("\n").filter((name) => name !== "");
  }

  /** Starts the services that don't run and waits until they do their work. What a stop leaves half started keeps running. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#compose(
      ["up", "-d", "--wait", ...this.#options.services ?? []],
      signal,
    );
    await Promise.all([
      brokerAnswers(this.brokers, NODE_ID),
      throughOutages(() => registryAnswers(this.registryUrl), {
        timeoutMs: REGISTRY_TIMEOUT_MS,
      }),
    ]);
  }

  /** Stops the services and removes their containers. The volumes, and with them the data, stay. */
  async stop(): Promise<void> {
    await this.#compose(["down"]);
  }

  /** Stops the services and removes their volumes too. */
  async wipe(): Promise<void> {
    await this.#compose(["down", "-v"]);
  }

  async #compose(
    args: readonly [string, ...string[]],
    signal?: AbortSignal,
  ): Promise<Finished> {
    const { overrides = [], project } = this.#options;
    const files = [`${checkoutFolder()}/docker-compose.yml`, ...overrides];
    const finished = await runCommand([
      "docker",
      "compose",
      ...files.flatMap((file) => ["--file", file]),
      ...project === undefined ? [] : ["--project-name", project],
      ...args,
    ], {
      timeoutMs: COMPOSE_TIMEOUT_MS,
      signal,
      env: {
        KAFKA_PORT: String(this.kafkaPort),
        SCHEMA_REGISTRY_PORT: String(this.registryPort),
      },
    });
    if (finished.code === 0) return finished;
    const printed = (finished.stderr + finished.stdout).trim().split("\n");
    throw new PipelineError(`docker compose ${args[0]} failed`, {
      hint: [
        ...printed.slice(-ERROR_LINES_COUNT),
        "`docker compose logs` shows what the services printed. A port in use can be changed with --kafka-port and --registry-port.",
      ].join("\n"),
    });
  }
}
