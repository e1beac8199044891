/**
 * Metrics and traces of runs, for OpenTelemetry and Prometheus.
 *
 * @example Count what a consumer does, for Prometheus
 * ```ts ignore
 * import { consume } from "@campus-cafe/event-pipeline";
 * import { openTelemetry, serveMetrics } from "@campus-cafe/event-pipeline/telemetry";
 *
 * const telemetry = await openTelemetry();
 * await using server = serveMetrics(telemetry, { port: 9464 });
 * await consume(scans, handler, { telemetry });
 * ```
 *
 * @module
 */

import { PipelineTelemetry } from "./pipeline_telemetry.ts";

export type * from "../events/telemetry.ts";
export { PipelineTelemetry } from "./pipeline_telemetry.ts";
export {
  type MetricsAddress,
  type MetricsServer,
  serveMetrics,
} from "./server.ts";

/**
 * Makes an observer of runs whose metrics and traces go to OpenTelemetry. Deno exports them if it runs with `OTEL_DENO=true`; without, they
 * are for {@linkcode serveMetrics} alone.
 *
 * @returns The observer, for the option `telemetry` of `produce`, `consume` and `store`.
 */
export async function openTelemetry(): Promise<PipelineTelemetry> {
  return new PipelineTelemetry(
    await import("npm:@opentelemetry/api@1.10.0"),
  );
}
