/**
 * Giving up a broker that keeps its connections and answers nothing: it is suspended, or the network to it is cut.
 *
 * @module
 */

import { askBroker } from "../probe.ts";
import type { Connection } from "./connection.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Broker {
  isConnected(): boolean;
  readonly connectionPool: { readonly pool: readonly Connection[] };
}

interface BrokerPool {
  readonly brokers: Readonly<Record<string, Broker>>;
  findConnectedBroker(): Promise<Broker>;
  findBroker(options: { readonly nodeId: string }): Promise<Broker>;
}

/** How long a request waits for its answer before the broker is asked whether it lives, in milliseconds. */
const PATIENCE_MS = 3_000;
/** How long the broker may take to answer that, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;
/** How long it may take if it was given up a moment ago, in milliseconds: it is asked at once then. */
const SECOND_ANSWER_TIMEOUT_MS = 1_500;
/** For how long a broker that was given up is the last to be asked for metadata, in milliseconds. */
const AVOIDED_MS = 30_000;

/** By connection, until when its broker is avoided, in milliseconds since the epoch. */
const avoided = new WeakMap<Connection, number>();

/**
 * Makes kafkajs close a connection whose requests wait when the broker does not answer on a new one either, and look elsewhere for
 * a partition's new leader. What a broker may keep for long, as it does a batch that other replicas must have, is waited for while the
 * broker lives: it answers the question.
 *
 * @param kafkajs The copy to patch. Its request queue has to call `onCheck` now and then.
 */
export function patchSilentBroker(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: Connection }>(
    "src/network/connection.js",
  );
  const connect = prototype.connect;
  prototype.connect = function () {
    this.requestQueue.onCheck ??= watcherOf(this);
    return connect.call(this);
  };
  const pool = kafkajs.load<{ readonly prototype: BrokerPool }>(
    "src/cluster/brokerPool.js",
  ).prototype;
  const findConnectedBroker = pool.findConnectedBroker;
  pool.findConnectedBroker = async function () {
    const connected = Object.entries(this.brokers)
      .filter(([, broker]) => broker.isConnected());
    const lively = connected.filter(([, broker]) => !isAvoided(broker));
    const [chosen] = lively;
    // kafkajs takes any that is connected: also the one that does not answer, before that is known.
    return chosen && lively.length < connected.length
      ? await this.findBroker({ nodeId: chosen[0] })
      : await findConnectedBroker.call(this);
  };
}

function isAvoided({ connectionPool }: Broker): boolean {
  return connectionPool.pool.some((connection) =>
    wasGivenUp(connection) || waitsLong(connection)
  );
}

function wasGivenUp(connection: Connection): boolean {
  return Date.now() < (avoided.get(connection) ?? 0);
}

function waitsLong(connection: Connection): boolean {
  const [oldest] = connection.requestQueue.inflight.values();
  const patienceMs = wasGivenUp(connection) ? 0 : PATIENCE_MS;
  return oldest !== undefined && Date.now() - oldest.sentAt > patienceMs;
}

/** Makes the function that looks whether a connection's requests wait, and asks the broker then. */
function watcherOf(connection: Connection): () => void {
  let asking = false;
  return () => {
    if (asking || !waitsLong(connection)) return;
    asking = true;
    const { socket } = connection;
    answers(connection).then((alive) => {
      asking = false;
      if (alive || connection.socket !== socket || !waitsLong(connection)) {
        return;
      }
      avoided.set(connection, Date.now() + AVOIDED_MS);
      socket?.destroy(new Error("The broker does not answer"));
    });
  };
}

async function answers(connection: Connection): Promise<boolean> {
  const { host, port, socketFactory } = connection;
  try {
    await askBroker(`${host}:${port}`, {
      open: socketFactory,
      timeoutMs: wasGivenUp(connection)
        ? SECOND_ANSWER_TIMEOUT_MS
        : ANSWER_TIMEOUT_MS,
    });
    return true;
  } catch {
    return false;
  }
}
