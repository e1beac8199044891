/**
 * A port for Prometheus, which reads the metrics, and for Kubernetes, which asks whether the process lives and is ready.
 *
 * @module
 */

import type { PipelineTelemetry } from "./pipeline_telemetry.ts";

/** Where to listen. */
export interface MetricsAddress {
  /** The port; 0 for a free one. */
  readonly port: number;
  /** The address: `0.0.0.0` for all of the machine's. By default: `127.0.0.1`. */
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
  const { port, hostname = "127.0.0.1" } = address;
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request) => answer(telemetry, request),
  );
  return {
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
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
