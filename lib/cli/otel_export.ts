/**
 * Whether Deno exports to OpenTelemetry.
 *
 * @module
 */

/** Deno's own variable: it exports if it is set to `true` or `1`. */
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
