/**
 * Who asks the Schema Registry, and whom it has to be: the login, the certificates, and what it means when the connection fails.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { redact } from "../base/secret.ts";
import type { RegistrySecurity } from "../settings/security.ts";
import { explainCertificate, handshake } from "../settings/tls.ts";

/** How long it may take to find out why a connection failed, in milliseconds. */
const DIAGNOSIS_TIMEOUT_MS = 3_000;

/** Sends requests to the registry with the login and the certificates of the settings. */
export class RegistryAccess {
  readonly #security: RegistrySecurity;
  #client: Deno.HttpClient | undefined;

  /**
   * Makes the access. Nothing is opened yet.
   *
   * @param security How the connection is secured; with no login, and the system's authorities, where it is left out.
   */
  constructor(security: RegistrySecurity = { secrets: [] }) {
    this.#security = security;
  }

  /**
   * Sends a request, with the login in its headers. To another server that an answer points to, the login is not sent.
   *
   * @param url Where to.
   * @param init The request.
   * @returns The answer.
   * @throws {TypeError} If the connection fails.
   */
  async fetch(
    url: string,
    init: RequestInit & { readonly headers: Record<string, string> },
  ): Promise<Response> {
    const { authorization, tls } = this.#security;
    const { ca, cert, key } = tls ?? {};
    if (tls) {
      this.#client ??= Deno.createHttpClient({
        ...(ca && { caCerts: [...ca] }),
        ...(cert && key && { cert, key: key.reveal() }),
      });
    }
    return await fetch(url, {
      ...init,
      headers: {
        ...init.headers,
        ...(authorization && { authorization: authorization.reveal() }),
      },
      ...(this.#client && { client: this.#client }),
    });
  }

  /** Closes the connections that are kept open. The next request opens others. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  /**
   * Takes the login's secrets out of a text.
   *
   * @param text What the registry, or whatever stands before it, has written.
   * @returns The text without them.
   */
  hide(text: string): string {
    return redact(text, this.#security.secrets);
  }

  /**
   * Finds out whether a connection failed for a reason that waiting doesn't mend.
   *
   * @param url Where the request went.
   * @param cause How it failed.
   * @returns An error to print; nothing where it looks like an outage.
   */
  async explain(
    url: string,
    cause: unknown,
  ): Promise<PipelineError | undefined> {
    const { protocol, hostname, port, host } = new URL(url);
    const secured = protocol === "https:";
    const { outcome, error } = await handshake(
      {
        host: hostname.replace(/^\[|\]$/g, ""),
        port: Number(port) || (secured ? 443 : 80),
      },
      this.#security.tls,
      DIAGNOSIS_TIMEOUT_MS,
    );
    const server = `the Schema Registry at ${host}`;
    if (!secured) {
      return outcome === "failed"
        ? undefined
        : wrongScheme(host, "https", cause);
    }
    if (outcome === "certificate refused") {
      const { message, hint } = explainCertificate(
        error,
        server,
        "SCHEMA_REGISTRY",
      );
      return new PipelineError(message, { cause, hint });
    }
    if (outcome === "refused") {
      return new PipelineError(
        `T${server.slice(1)} refuses this client's certificate, or misses one`,
        {
          cause,
          hint: "Check SCHEMA_REGISTRY_CERT_FILE and SCHEMA_REGISTRY_KEY_FILE.",
        },
      );
    }
    return await answersHttp(`http://${host}/`)
      ? wrongScheme(host, "http", cause)
      : undefined;
  }
}

async function answersHttp(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(DIAGNOSIS_TIMEOUT_MS);
    const response = await fetch(url, { signal, redirect: "manual" });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function wrongScheme(
  host: string,
  speaks: "http" | "https",
  cause: unknown,
): PipelineError {
  return new PipelineError(
    `The Schema Registry at ${host} speaks ${speaks}, and its URL says otherwise`,
    {
      cause,
      code: "registry-scheme",
      details: { url: `${speaks}://${host}` },
    },
  );
}
