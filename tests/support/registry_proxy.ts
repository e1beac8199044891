/**
 * A registry that asks who comes: a reverse proxy with a login before the registry under test.
 *
 * @module
 */

import type { Certified } from "./certificates.ts";

/** What the proxy asks for, and how it is reached. */
export interface RegistryProxyOptions {
  /** The `Authorization` header that it lets through; without it, it asks for none. */
  readonly authorization?: string;
  /** The status for whoever has another one. */
  readonly refusal?: 401 | 403;
  /** Its certificate, for https. */
  readonly certified?: Certified;
  /**
   * The address that it listens at.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
}

/** A reverse proxy with a login. */
export class RegistryProxy implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Its URL. */
  readonly url: string;

  /**
   * Starts the proxy.
   *
   * @param registryUrl The registry behind it.
   * @param options What it asks for, and how it is reached.
   */
  constructor(registryUrl: string, options: RegistryProxyOptions = {}) {
    const { authorization, refusal = 401, certified, hostname } = options;
    this.#server = Deno.serve({
      hostname: hostname ?? "127.0.0.1",
      port: 0,
      onListen() {},
      ...(certified && { cert: certified.cert, key: certified.key }),
    }, async (request) => {
      const given = request.headers.get("authorization");
      if (authorization !== undefined && given !== authorization) {
        // As servers do that show what they were sent, to help whoever looks for a mistake.
        const message = `Not allowed: ${given} ${
          given ? atobOrNothing(given.split(" ")[1] ?? "") : ""
        }`;
        return Response.json({ message }, { status: refusal });
      }
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete("host");
      headers.delete("authorization");
      const body = request.body ? await request.text() : undefined;
      const answer = await fetch(`${registryUrl}${pathname}${search}`, {
        method: request.method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      return new Response(await answer.text(), {
        status: answer.status,
        headers: {
          "content-type": answer.headers.get("content-type") ?? "text/plain",
        },
      });
    });
    const scheme = certified ? "https" : "http";
    const host = hostname ?? "localhost";
    this.url = `${scheme}://${host}:${this.#server.addr.port}`;
  }

  /** Its address, `host:port`. */
  get host(): string {
    return new URL(this.url).host;
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function atobOrNothing(text: string): string {
  try {
    return atob(text);
  } catch {
    return "";
  }
}
