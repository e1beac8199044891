/**
 * kafkajs, with what it needs mended. Whoever needs it at run time gets it here, so that nothing of it is loaded before.
 *
 * @module
 */

import { registerCodecs } from "../batches/register.ts";
import { mendBrokerPool } from "./broker_pool.ts";
import { mendFetchedBatch } from "./fetched_batch.ts";
import { mendGroupMessages } from "./group_messages.ts";
import { mendProduceRequest } from "./produce_request.ts";
import { mendBatchDecoder } from "./record_batch_decoder.ts";
import { mendRequestQueue } from "./request_queue.ts";

async function load(): Promise<typeof import("kafkajs")> {
  // Before the files that require them.
  await Promise.all([
    mendGroupMessages(),
    mendProduceRequest(),
    mendBatchDecoder(),
    mendFetchedBatch(),
  ]);
  const kafkajs = await import("kafkajs");
  await Promise.all([
    mendRequestQueue(),
    mendBrokerPool(),
    registerCodecs(),
  ]);
  return kafkajs;
}

let loaded: Promise<typeof import("kafkajs")> | undefined;

/**
 * Loads kafkajs. It reads the environment as soon as it is imported, so this waits until somebody needs a client.
 *
 * @returns The module, always the same.
 */
export function loadKafkajs(): Promise<typeof import("kafkajs")> {
  return loaded ??= load();
}
