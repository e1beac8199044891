/**
 * `deno task produce` on a machine whose clock is two hours ahead: more than message.timestamp.after.max.ms, one hour by default.
 *
 * @module
 */

const { now } = Date;
Date.now = () => now() + 2 * 3_600_000;
await import("../../tasks/produce.ts");
