/**
 * A Kafka and a registry that a fault test may do anything to.
 *
 * @module
 */

import { type Config, resolveConfig } from "../../../lib/config.ts";
import { freePorts } from "../../../lib/engine/ports.ts";
import {
  makeThrowawayEngine,
  type ThrowawayEngine,
} from "../../../lib/engine/throwaway.ts";
import { KafkaProxy } from "./kafka_proxy.ts";

/** A throwaway engine whose clients come, if wanted, through a {@linkcode KafkaProxy}. */
export class FaultEngine implements AsyncDisposable {
  readonly #engine: ThrowawayEngine;
  readonly #proxy: KafkaProxy | undefined;
  /** Where the clients find Kafka and the registry. */
  readonly config: Config;

  private constructor(
    engine: ThrowawayEngine,
    proxy: KafkaProxy | undefined,
    brokers: string,
  ) {
    this.#engine = engine;
    this.#proxy = proxy;
    this.config = {
      ...resolveConfig(),
      brokers: [brokers],
      registryUrl: engine.registryUrl,
    };
  }

  /**
   * Starts an engine.
   *
   * @param proxied Whether the clients come through a proxy.
   * @returns The engine, ready for work.
   */
  static async start(proxied: boolean): Promise<FaultEngine> {
    const [port = 0] = freePorts(1);
    const engine = await makeThrowawayEngine(
      proxied
        ? {
          serverProperties: {
            "advertised.listeners": `PLAINTEXT://localhost:${port}`,
          },
        }
        : {},
    );
    const proxy = proxied
      ? new KafkaProxy(port, () => engine.ports.kafkaPort)
      : undefined;
    const faults = new FaultEngine(
      engine,
      proxy,
      proxied ? `localhost:${port}` : engine.brokers,
    );
    try {
      await faults.repair();
      return faults;
    } catch (error) {
      await faults[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What is between the clients and the broker. */
  get proxy(): KafkaProxy {
    if (!this.#proxy) throw new Error("This engine was started without one");
    return this.#proxy;
  }

  /** Starts whatever doesn't run. */
  async repair(): Promise<void> {
    await this.#proxy?.open();
    await this.#engine.start();
  }

  /** Ends the broker with SIGKILL. */
  async killBroker(): Promise<void> {
    await this.#engine.broker.kill();
    this.#proxy?.close();
  }

  /** Starts the broker again, and waits until it does its work. */
  async startBroker(): Promise<void> {
    await this.#proxy?.open();
    await this.#engine.broker.start();
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
    await this.#proxy?.[Symbol.asyncDispose]();
  }
}
