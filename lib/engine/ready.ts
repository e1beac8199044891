/**
 * Whether an engine does its work: a topic can be created and a schema registered. An open port says less.
 *
 * @module
 */

import { DEFAULT_CONFIG } from "../settings/config.ts";
import { createKafka } from "../kafka/client.ts";
import { requestRegistry } from "../registry/transport.ts";

const PROBE = "engine-ready-probe";

/**
 * Has a broker validate the creation of a topic, and load what the first consumer group needs.
 *
 * @param id Its id, which the others of its cluster must know.
 */
export async function brokerAnswers(
  address: string,
  id: number,
): Promise<void> {
  const separator = address.lastIndexOf(":");
  (await Deno.connect({
    hostname: address.slice(0, separator),
    port: Number(address.slice(separator + 1)),
  })).close();
  const kafka = await createKafka(
    { ...DEFAULT_CONFIG, brokers: [address] },
    { clientId: PROBE },
  );
  const client = kafka.groups();
  try {
    await client.connect();
    await client.createTopic({
      topic: PROBE,
      partitions: 1,
      replicationFactor: 1,
      validateOnly: true,
    });
    await client.committed(PROBE);
    const brokers = await client.brokers();
    if (!brokers.some(({ nodeId }) => nodeId === id)) {
      throw new Error(`The cluster does not have broker ${id} yet`);
    }
  } finally {
    await client.disconnect();
  }
}

/** Registers a schema with a registry and removes it. */
export async function registryAnswers(url: string): Promise<void> {
  const subject = `${url}/subjects/${PROBE}`;
  // A schema under this name was left by an interrupted probe.
  await requestRegistry("post", `${subject}/versions`, {
    body: JSON.stringify({
      schemaType: "JSON",
      // Apicurio takes a text without `$schema` for another type.
      schema: JSON.stringify({
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
      }),
    }),
  });
  await requestRegistry("delete", subject);
  await requestRegistry("delete", `${subject}?permanent=true`);
}
