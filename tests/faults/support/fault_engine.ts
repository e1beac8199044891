/**
 * A Kafka and a registry that a fault test may do anything to.
 *
 * @module
 */

import { type Config, resolveConfig } from "../../../lib/settings/config.ts";
import { freePorts, isPortFree } from "../../../lib/engine/ports.ts";
import {
  makeThrowawayEngine,
  type ThrowawayEngine,
} from "../../support/throwaway_engine.ts";
import { pause } from "../../../lib/base/pause.ts";
import { KafkaProxy } from "./kafka_proxy.ts";

/** A throwaway engine whose clients come through a {@linkcode KafkaProxy}. */
export class FaultEngine implements AsyncDisposable {
  readonly #engine: ThrowawayEngine;
  /** What is between the clients and the broker. */
  readonly proxy: KafkaProxy;
  /** Where the clients find Kafka and the registry. */
  readonly config: Config;

  private constructor(engine: ThrowawayEngine, port: number) {
    this.#engine = engine;
    this.proxy = new KafkaProxy(port, () => engine.kafkaPort);
    this.config = {
      ...resolveConfig(),
      brokers: [`localhost:${port}`],
      registryUrl: engine.registryUrl,
    };
  }

  /**
   * Starts an engine.
   *
   * @returns The engine, ready for work.
   */
  static async start(): Promise<FaultEngine> {
    const [port = 0] = freePorts(1);
    const engine = await makeThrowawayEngine({
      serverProperties: () => ({
        "advertised.listeners": `PLAINTEXT://localhost:${port}`,
      }),
    });
    const faults = new FaultEngine(engine, port);
    try {
      await faults.repair();
      return faults;
    } catch (error) {
      await faults[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts whatever doesn't run. */
  async repair(): Promise<void> {
    await this.#whileItStarts(this.#engine.start());
  }

  /** Ends the broker with SIGKILL. */
  async killBroker(): Promise<void> {
    await this.#engine.broker.kill();
    this.proxy.close();
  }

  /** Starts the broker again, and waits until it does its work. */
  async startBroker(): Promise<void> {
    await this.#whileItStarts(this.#engine.broker.start());
  }

  /** Opens the proxy when the broker's own port opens, and not before: until then clients are refused, as without a proxy. */
  async #whileItStarts(start: Promise<unknown>): Promise<void> {
    let over = false;
    const started = start.finally(() => over = true);
    // Whoever awaits it below is told.
    started.catch(() => {});
    while (!over && await isPortFree(this.#engine.kafkaPort)) {
      await pause(50);
    }
    if (!over) await this.proxy.open();
    await started;
    await this.proxy.open();
  }

  /** Ends the registry with SIGKILL. */
  async killRegistry(): Promise<void> {
    await this.#engine.registry.kill();
  }

  /** Starts the registry again, and waits until it does its work. */
  async startRegistry(): Promise<void> {
    await this.#engine.registry.start();
  }

  /** Ends and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
  }
}
