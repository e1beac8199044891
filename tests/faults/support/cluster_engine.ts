/**
 * Three brokers and a registry that a fault test may do anything to.
 *
 * @module
 */

import { resolveConfig } from "../../../lib/settings/config.ts";
import type { Config } from "../../../lib/settings/config.ts";
import { brokerData, parseRecord } from "../../../lib/engine/paths.ts";
import { freePorts, isPortFree } from "../../../lib/engine/ports.ts";
import { signalProcess } from "../../../lib/engine/shell.ts";
import {
  makeThrowawayEngine,
  type ThrowawayEngine,
} from "../../support/throwaway_engine.ts";
import { pause } from "../../../lib/base/pause.ts";
import { RegistryProxy } from "../../support/registry_proxy.ts";
import { KafkaProxy } from "./kafka_proxy.ts";
import { type Networks, SIDES } from "./networks.ts";

const IDS = [1, 2, 3] as const;

/** A broker of the cluster, by its `node.id`. */
export type BrokerId = typeof IDS[number];

/** The ports of a cluster's brokers, each list in the order of their ids. */
interface Ports {
  readonly proxies: readonly number[];
  readonly clients: readonly number[];
  readonly networks: readonly number[];
}

/** Two networks, and where their clients find the cluster. */
export interface NetworkedClients {
  /** The networks. Each sees a broker at the address with the number of its id, and the registry at the first. */
  readonly networks: Networks;
  /** Where the clients find Kafka and the registry. */
  readonly config: Config;
}

/** A throwaway cluster. Its clients come to each broker through a {@linkcode KafkaProxy}, the brokers to each other without. */
export class ClusterEngine implements AsyncDisposable {
  readonly #engine: ThrowawayEngine;
  readonly #proxies: readonly KafkaProxy[];
  readonly #suspended = new Set<BrokerId>();
  readonly #cuts = new Map<BrokerId, Disposable>();
  /** Where the clients find Kafka and the registry. */
  readonly config: Config;
  /** The ids of the brokers. */
  readonly ids: readonly BrokerId[] = IDS;
  /** The networks; undefined where it was started without. */
  readonly networked: NetworkedClients | undefined;
  readonly #networkRegistry: RegistryProxy | undefined;

  private constructor(
    engine: ThrowawayEngine,
    ports: Ports,
    networks: Networks | undefined,
  ) {
    this.#engine = engine;
    this.#proxies = ports.proxies.map((port, index) =>
      new KafkaProxy(port, () => ports.clients[index] ?? 0)
    );
    this.config = {
      ...resolveConfig(),
      brokers: ports.proxies.map((port) => `localhost:${port}`),
      registryUrl: engine.registryUrl,
    };
    if (!networks) return;
    this.#networkRegistry = new RegistryProxy(engine.registryUrl, {
      hostname: networks.address(1),
    });
    this.networked = {
      networks,
      config: {
        ...this.config,
        brokers: IDS.map((id) =>
          `${networks.address(id)}:${ports.networks[id - 1]}`
        ),
        registryUrl: this.#networkRegistry.url,
      },
    };
  }

  /**
   * Starts a cluster.
   *
   * @param networks Networks whose clients reach it as well, without a proxy. They are removed with it.
   * @returns The cluster, ready for work.
   */
  static async start(networks?: Networks): Promise<ClusterEngine> {
    const count = IDS.length;
    const free = freePorts(3 * count);
    const ports = {
      proxies: free.slice(0, count),
      clients: free.slice(count, 2 * count),
      networks: free.slice(2 * count),
    };
    const engine = await makeThrowawayEngine({
      brokersCount: count,
      serverProperties: ({ id, kafkaPort, controllerPort }) => {
        const network = networks
          ? `,NETWORKS://${networks.address(id)}:${ports.networks[id - 1]}`
          : "";
        return {
          "listeners":
            `PLAINTEXT://127.0.0.1:${kafkaPort},CONTROLLER://127.0.0.1:${controllerPort},CLIENTS://127.0.0.1:${
              ports.clients[id - 1]
            }${network}`,
          "advertised.listeners":
            `PLAINTEXT://localhost:${kafkaPort},CLIENTS://localhost:${
              ports.proxies[id - 1]
            }${network}`,
          "listener.security.protocol.map":
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT,NETWORKS:PLAINTEXT",
        };
      },
    });
    const cluster = new ClusterEngine(engine, ports, networks);
    try {
      await cluster.repair();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Wakes, reconnects and starts whatever doesn't run. */
  async repair(): Promise<void> {
    for (const id of this.#suspended) await this.resume(id);
    for (const id of [...this.#cuts.keys()]) this.reconnect(id);
    for (const side of SIDES) await this.networked?.networks.repair(side);
    await this.#engine.start();
    for (const proxy of this.#proxies) await proxy.open();
  }

  /**
   * Reads from a broker's data which one controls the cluster.
   *
   * @returns The controller; broker 1 while there is none.
   */
  async controller(): Promise<BrokerId> {
    const states = await Promise.all(IDS.map(async (id) => {
      const folder = brokerData(this.#engine.folders, id);
      const { leaderId: leader = 0, leaderEpoch: epoch = 0 } =
        parseRecord<{ leaderId: number; leaderEpoch?: number }>(
          await Deno.readTextFile(
            `${folder}/__cluster_metadata-0/quorum-state`,
          ),
          "leaderId",
        ) ?? {};
      return { leader, epoch };
    }));
    const { leader } = states.toSorted((a, b) => b.epoch - a.epoch)
      .find(({ leader }) => leader > 0) ?? { leader: 1 };
    return IDS.find((id) => id === leader) ?? 1;
  }

  /** Ends a broker with SIGKILL. */
  async kill(id: BrokerId): Promise<void> {
    await this.#process(id).kill();
    this.#proxy(id).close();
  }

  /** Asks a broker to end, and waits until it has. */
  async stop(id: BrokerId): Promise<void> {
    await this.#process(id).stop();
    this.#proxy(id).close();
  }

  /** Starts a broker again, and waits until the cluster has it. */
  async start(id: BrokerId): Promise<void> {
    const { kafkaPort } = this.#engine.ports.nodes[id - 1]!;
    let over = false;
    const started = this.#process(id).start().finally(() => over = true);
    // Rejections are thrown by the last line.
    started.catch(() => {});
    // Until its own port opens, clients are refused, as without a proxy.
    while (!over && await isPortFree(kafkaPort)) await pause(50);
    if (!over) await this.#proxy(id).open();
    await started;
    await this.#proxy(id).open();
  }

  /** Suspends a broker with SIGSTOP. */
  async suspend(id: BrokerId): Promise<void> {
    this.#suspended.add(id);
    await signalProcess(this.#process(id).pid ?? 0, "STOP");
  }

  /** Lets a suspended broker go on. */
  async resume(id: BrokerId): Promise<void> {
    this.#suspended.delete(id);
    await signalProcess(this.#process(id).pid ?? 0, "CONT");
  }

  /** Cuts a broker off from its clients, and not from the other brokers. */
  cutOff(id: BrokerId): void {
    this.#cuts.set(id, this.#proxy(id).cut());
  }

  /** Ends what {@linkcode cutOff} did: what was sent meanwhile arrives. */
  reconnect(id: BrokerId): void {
    this.#cuts.get(id)?.[Symbol.dispose]();
    this.#cuts.delete(id);
  }

  #process(id: BrokerId) {
    return this.#engine.brokerProcesses[id - 1]!;
  }

  #proxy(id: BrokerId): KafkaProxy {
    return this.#proxies[id - 1]!;
  }

  /** Ends and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#suspended) await this.resume(id);
    await this.#engine[Symbol.asyncDispose]();
    await this.#networkRegistry?.[Symbol.asyncDispose]();
    await this.networked?.networks[Symbol.asyncDispose]();
    await Promise.all(
      this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()),
    );
  }
}
