/**
 * A port for Prometheus, which reads the metrics, and for Kubernetes, which asks whether the process lives and is ready.
 *
 * @module
 */

import { askedName, isLoopback } from "../base/loopback.ts";
import type { PipelineTelemetry } from "./pipeline_telemetry.ts";

/** Where to listen. */
export interface MetricsAddress {
  /** The port; 0 for a free one. */
  readonly port: number;
  /**
   * The address: `0.0.0.0` for all of the machine's. At one that only this machine reaches, requests under another name are refused: they
   * come from a site's page that has pointed its name here. At any other, who asks may know the machine by any name. By default: `127.0.0.1`.
   */
  readonly hostname?: string;
}

/** A server that listens. Disposing of it closes the port. */
export interface MetricsServer extends AsyncDisposable {
  /** The port. */
  readonly port: number;
}

const TEXT = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };

/**
 * Serves `/metrics` in Prometheus' text format, `/healthz` and `/readyz`.
 *
 * @throws {Deno.errors.AddrInUse} If another program has the port.
 * @throws {Deno.errors.NotCapable} If the permissions don't allow it.
 */
export function serveMetrics(
  telemetry: PipelineTelemetry,
  address: MetricsAddress,
): MetricsServer {
  const { hostname = "127.0.0.1" } = address;
  const ended = new AbortController();
  const server = Deno.serve({
    port: address.port,
    hostname,
    signal: ended.signal,
    onListen() {},
  }, (request) => {
    const name = askedName(request.headers.get("host"), port);
    return isLoopback(hostname) && !(name && isLoopback(name))
      ? new Response("Not under this name\n", { status: 421, headers: TEXT })
      : answer(telemetry, request);
  });
  const { port } = server.addr;
  return {
    port,
    async [Symbol.asyncDispose]() {
      // shutdown() would wait for who doesn't read, or doesn't send a request to its end.
      ended.abort();
      await server.finished;
    },
  };
}

function answer(telemetry: PipelineTelemetry, request: Request): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("GET only\n", { status: 405, headers: TEXT });
  }
  switch (new URL(request.url).pathname) {
    case "/metrics":
      return new Response(telemetry.prometheusText(), { headers: TEXT });
    case "/healthz":
      return new Response("ok\n", { headers: TEXT });
    case "/readyz":
      return telemetry.isReady
        ? new Response("ready\n", { headers: TEXT })
        : new Response("not ready\n", { status: 503, headers: TEXT });
    default:
      return new Response("/metrics, /healthz, /readyz\n", {
        status: 404,
        headers: TEXT,
      });
  }
}
