/**
 * Metrics and traces of a task: what is observed, and where it goes.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import type { Telemetry } from "../events/telemetry.ts";
import type { PipelineTelemetry } from "../telemetry/pipeline_telemetry.ts";

import { type FlagValues, portFlag, textFlag } from "./flags.ts";

const VARIABLE = "OTEL_DENO";

/** Tells whether Deno exports to OpenTelemetry, as far as the task's permissions let it know. */
export function exportsToOtel(): boolean {
  const { state } = Deno.permissions.querySync({
    name: "env",
    variable: VARIABLE,
  });
  return state === "granted" &&
    ["true", "1"].includes(Deno.env.get(VARIABLE) ?? "");
}

/** The ports that the tasks' permissions allow: OpenTelemetry's for Prometheus, and the two after it. */
const ALLOWED_PORTS = "9464, 9465 or 9466";

/** The rows of a task's flag table for {@linkcode observe}. */
export const METRICS_FLAGS = {
  "metrics-port": portFlag(
    `serve metrics for Prometheus, /healthz and /readyz at a port: ${ALLOWED_PORTS}`,
  ),
  "metrics-host": textFlag("ADDRESS", "the address to serve them at", {
    default: "127.0.0.1",
  }),
};

/**
 * Begins to observe, if a port is given or Deno exports to OpenTelemetry. Otherwise nothing of it is loaded. Disposing closes the port.
 */
export async function observe(
  flags: FlagValues<typeof METRICS_FLAGS>,
): Promise<AsyncDisposable & { readonly telemetry: Telemetry | undefined }> {
  const { "metrics-port": port, "metrics-host": hostname } = flags;
  const isExported = exportsToOtel();
  if (!isExported && port === undefined) {
    return { telemetry: undefined, [Symbol.asyncDispose]: async () => {} };
  }
  const { openTelemetry, PipelineTelemetry, serveMetrics } = await import(
    "../telemetry/mod.ts"
  );
  const telemetry: PipelineTelemetry = isExported
    ? await openTelemetry()
    : new PipelineTelemetry();
  let server: AsyncDisposable | undefined;
  try {
    if (port !== undefined) {
      server = serveMetrics(telemetry, { port, hostname });
    }
  } catch (cause) {
    throw explain(cause, `${hostname}:${port}`);
  }
  return {
    telemetry,
    [Symbol.asyncDispose]: async () => await server?.[Symbol.asyncDispose](),
  };
}

function explain(cause: unknown, address: string): unknown {
  if (cause instanceof Deno.errors.AddrInUse) {
    return new PipelineError(`Another program listens at ${address}`, {
      cause,
      hint: "Name another port with --metrics-port.",
    });
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return new PipelineError(`No permission to listen at ${address}`, {
      cause,
      code: "net-permission",
      details: { address },
      hint: `Port ${ALLOWED_PORTS} of 127.0.0.1 is allowed.`,
    });
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return new PipelineError(`${address} is not an address of this machine`, {
      cause,
      hint: "Name one of its own with --metrics-host.",
    });
  }
  return cause;
}
