/**
 * Whether an engine does its work: a topic can be created and a schema registered. An open port says less.
 *
 * @module
 */

import { text } from "node:stream/consumers";
import { DEFAULT_CONFIG } from "../settings/config.ts";
import { requireReadiness } from "../kafka/readiness.ts";
import { RegistryAccess } from "../registry/access.ts";

const PROBE = "engine-ready-probe";
const REQUEST_TIMEOUT_MS = 10_000;

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
  await requireReadiness({ ...DEFAULT_CONFIG, brokers: [address] }, id);
}

/** Registers a schema with a registry and removes it. */
export async function registryAnswers(
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const call = (method: string, path: string, body?: unknown) =>
    callRegistry(`${url}${path}`, { method, body, signal });
  // A schema under this name was left by an interrupted probe.
  await call("POST", `/subjects/${PROBE}/versions`, {
    schemaType: "JSON",
    // Apicurio takes a text without `$schema` for another type.
    schema: JSON.stringify({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
    }),
  });
  await call("DELETE", `/subjects/${PROBE}`);
  await call("DELETE", `/subjects/${PROBE}?permanent=true`);
}

/** Sets which changes of a schema a registry allows for subjects without a level of their own. */
export async function setDefaultCompatibility(
  url: string,
  options: { readonly level: string; readonly signal: AbortSignal },
): Promise<void> {
  await callRegistry(`${url}/config`, {
    method: "PUT",
    body: { compatibility: options.level },
    signal: options.signal,
  });
}

async function callRegistry(
  url: string,
  { method, body, signal }: {
    readonly method: string;
    readonly body: unknown;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const response = await new RegistryAccess().fetch(url, {
    method,
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  const answer = await text(response);
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) {
    throw new Error(`${method} ${url}: HTTP ${statusCode} ${answer}`);
  }
}
