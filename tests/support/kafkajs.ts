/**
 * kafkajs itself, as other programs use it: for what the tests ask of Kafka, and put there, past the program that they test.
 *
 * @module
 */

import type { Admin, Kafka, Producer } from "kafkajs";
import { connectWithin } from "../../lib/kafka/client.ts";
import { isKafkaOutage } from "../../lib/kafka/errors.ts";
import { patchRequestQueue } from "../../lib/kafka/patches/request_queue.ts";
import { saslMechanism } from "../../lib/kafka/patches/sasl.ts";
import { socketFactory } from "../../lib/kafka/sockets.ts";
import { waitFor, type WaitOptions } from "../../lib/base/retry.ts";
import type { Config } from "../../lib/settings/config.ts";

/** Makes kafkajs print no warning of its timers: the only patch that it gets here. */
const patched = Promise.withResolvers<void>();
let loading = false;

async function loadKafkajs(): Promise<typeof import("kafkajs")> {
  if (!loading) {
    loading = true;
    const { default: requestQueue } = await import(
      "kafkajs/src/network/requestQueue/index.js"
    );
    patchRequestQueue({ load: <T>() => requestQueue as T });
    patched.resolve();
  }
  await patched.promise;
  return await import("kafkajs");
}

/**
 * Makes a client of kafkajs.
 *
 * @param config Where the brokers are.
 * @returns The client.
 */
export async function createKafka(config: Config): Promise<Kafka> {
  const { Kafka, logLevel } = await loadKafkajs();
  const security = config.security?.kafka;
  return new Kafka({
    brokers: [...config.brokers],
    clientId: "test",
    logLevel: logLevel.NOTHING,
    socketFactory: socketFactory(security),
    ...(security?.sasl && { sasl: await saslMechanism(security.sasl) }),
  });
}

/**
 * Makes a producer that sends each message to the partition that it names.
 *
 * @param config Where the brokers are.
 * @returns The producer, not connected yet.
 */
export async function partitionProducer(config: Config): Promise<Producer> {
  return (await createKafka(config)).producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => ({ message }) => message.partition ?? 0,
  });
}

/**
 * Runs work with a connected admin client of kafkajs, and closes it.
 *
 * @param config Where the brokers are.
 * @param options How long to try.
 * @param work The work; it is repeated while Kafka is not ready.
 * @returns What the work returns.
 */
export async function withAdmin<T>(
  config: Config,
  options: WaitOptions,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = (await createKafka(config)).admin();
  await connectWithin(admin, config, options);
  try {
    return await waitFor("Kafka", () => work(admin), {
      ...options,
      isOutage: isKafkaOutage,
    });
  } finally {
    await admin.disconnect();
  }
}
