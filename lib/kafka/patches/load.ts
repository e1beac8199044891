/**
 * kafkajs, patched: the only place that loads it.
 *
 * @module
 */

import type { Kafkajs } from "../kafkajs.ts";
import { patchBrokerPool } from "./broker_pool.ts";
import { patchConnection } from "./connection.ts";
import { patchConnectionPoolBuilder } from "./connection_pool_builder.ts";
import { patchConsumerGroup } from "./consumer_group.ts";
import { patchFetch } from "./fetched_partition.ts";
import { patchLeaders } from "./leaders.ts";
import { OwnCopy } from "./own_copy.ts";
import { patchProduceRequest } from "./produce_request.ts";
import { patchRequestQueue } from "./request_queue.ts";
import { patchRunner } from "./runner.ts";
import { patchSilentBroker } from "./silent_broker.ts";
import { patchWorker } from "./worker.ts";

async function load(): Promise<OwnCopy> {
  const kafkajs = await OwnCopy.make();
  // First those that replace a file, before other files load it.
  patchFetch(kafkajs);
  patchProduceRequest(kafkajs);
  patchConnectionPoolBuilder(kafkajs);
  patchConsumerGroup(kafkajs);
  patchWorker(kafkajs);
  patchConnection(kafkajs);
  patchRequestQueue(kafkajs);
  patchSilentBroker(kafkajs);
  patchBrokerPool(kafkajs);
  patchLeaders(kafkajs);
  patchRunner(kafkajs);
  return kafkajs;
}

let loaded: Promise<OwnCopy> | undefined;

/** Loads a file of kafkajs. It reads the environment as soon as it is loaded, so this waits until a client is needed. */
export async function loadKafkajsFile<T>(path: string): Promise<T> {
  return (await (loaded ??= load())).load(path);
}

/** Loads kafkajs. */
export function loadKafkajs(): Promise<Kafkajs> {
  return loadKafkajsFile("index.js");
}
