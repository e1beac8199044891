/**
 * Connections to the Schema Registry: the login, the certificates, and redirects.
 *
 * Requests go through Node's client instead of `fetch`, which sends them to a proxy that the environment names, past the
 * permissions; refuses a server whose own certificate is trusted as an authority; and gives no code for a refused certificate.
 *
 * @module
 */

import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { redact } from "../base/secret.ts";
import type { RegistrySecurity } from "../settings/security.ts";
import { tlsOptions } from "../settings/tls.ts";

const MAX_REDIRECTS = 5;

/** The statuses that move a request elsewhere. */
const REDIRECTS: readonly number[] = [301, 302, 307, 308];

/** A request to the registry. */
export interface AccessRequest {
  readonly method: string;
  /** JSON. */
  readonly body?: string | undefined;
  /** Closes the connection, also while the response is read. */
  readonly signal: AbortSignal;
}

/** The connection for a request failed, or broke before its response began. */
export class RegistryConnectionError extends Error {
  override name = "RegistryConnectionError";
  /** The URL of the failed request: after a redirect, not the one that was asked for. */
  readonly url: URL;

  constructor(url: URL, cause: unknown) {
    super(`No response from ${url.host}`, { cause });
    this.url = url;
  }
}

/** Sends requests to the registry with the login and the certificates of the settings. */
export class RegistryAccess {
  readonly #security: RegistrySecurity;

  /** Makes the access. Nothing is opened yet. */
  constructor(security: RegistrySecurity = { secrets: [] }) {
    this.#security = security;
  }

  /**
   * Sends a request, on a connection of its own. A redirect is followed with the same method and body; another origin gets neither the
   * login nor the client's certificate.
   *
   * @returns The response: the redirect itself if it leads nowhere, or after 5 others.
   */
  async fetch(url: string, request: AccessRequest): Promise<IncomingMessage> {
    const { origin } = new URL(url);
    let target = new URL(url);
    for (let redirects = 0;; redirects++) {
      const response = await this.#send(target, request, {
        trusted: target.origin === origin,
      });
      const { statusCode = 0, headers: { location } } = response;
      const next = REDIRECTS.includes(statusCode) && location
        ? URL.parse(location, target)
        : null;
      if (
        !next || !/^https?:$/.test(next.protocol) || redirects === MAX_REDIRECTS
      ) {
        return response;
      }
      response.destroy();
      target = next;
    }
  }

  async #send(
    url: URL,
    { method, body, signal }: AccessRequest,
    { trusted }: { readonly trusted: boolean },
  ): Promise<IncomingMessage> {
    const { authorization, tls } = this.#security;
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const { promise, resolve, reject } = Promise.withResolvers<
      IncomingMessage
    >();
    const options = {
      method,
      signal,
      agent: false,
      headers: {
        accept: "application/vnd.schemaregistry.v1+json, application/json",
        "user-agent": "cafe-event-pipeline",
        // A compressed body would have to be inflated within a bound of its own.
        "accept-encoding": "identity",
        ...(body !== undefined && {
          // Confluent's API takes it as it does its own type, and Apicurio's other one takes it alone.
          "content-type": "application/json",
          "content-length": new TextEncoder().encode(body).length,
        }),
        ...(authorization && trusted &&
          { authorization: authorization.reveal() }),
      },
      ...(url.protocol === "https:" && {
        ...(isIP(host) ? {} : { servername: host }),
        ...tlsOptions(trusted || !tls?.ca ? tls : { ca: tls.ca }),
      }),
    } as const;
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const sent = send(url, options, resolve);
    sent.on("error", reject);
    sent.end(body);
    try {
      return await promise;
    } catch (cause) {
      throw new RegistryConnectionError(url, cause);
    }
  }

  /** Takes the login's secrets out of a text. */
  hide(text: string): string {
    return redact(text, this.#security.secrets);
  }
}
