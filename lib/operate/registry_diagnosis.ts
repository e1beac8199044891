/**
 * Why the Schema Registry can't be reached: whether its port speaks http or https, and which side refuses a certificate.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { addressOf } from "../kafka/probe.ts";
import { explainRegistryCertificate } from "../registry/transport.ts";
import { RegistryAccess } from "../registry/access.ts";
import type { Config } from "../settings/config.ts";
import { handshake } from "./handshake.ts";

const TIMEOUT_MS = 3_000;

/** Finds out why the registry can't be reached, within 3 s; undefined if it looks like an outage. */
export async function diagnoseRegistry(
  config: Config,
): Promise<PipelineError | undefined> {
  const { protocol, hostname, port, host } = new URL(config.registryUrl);
  const secured = protocol === "https:";
  const address = addressOf(`${hostname}:${port || (secured ? 443 : 80)}`);
  const tls = config.security?.registry?.tls;
  const [tried, answers] = await Promise.all([
    handshake(address, { tls, timeoutMs: TIMEOUT_MS }),
    secured && answersHttp(`http://${hostname}:${address.port}/`),
  ]);
  if (!secured) {
    return tried.speaksTls ? wrongScheme(host, "https") : undefined;
  }
  return explainRegistryCertificate(host, tried.error) ??
    (answers ? wrongScheme(host, "http") : undefined);
}

async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await new RegistryAccess().fetch(url, {
      method: "GET",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    response.destroy();
    return true;
  } catch {
    return false;
  }
}

function wrongScheme(host: string, speaks: "http" | "https"): PipelineError {
  return new PipelineError(
    `The Schema Registry at ${host} speaks ${speaks}, and its URL says otherwise`,
    { code: "registry-scheme", details: { url: `${speaks}://${host}` } },
  );
}
