/**
 * Who gets metrics, and that nobody keeps their server from ending.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PipelineTelemetry } from "../../lib/telemetry/pipeline_telemetry.ts";
import { serveMetrics } from "../../lib/telemetry/server.ts";

const { state } = await Deno.permissions.query({
  name: "net",
  host: "127.0.0.1",
});
const ignore = state !== "granted";
const encoder = new TextEncoder();

/** Asks under a name. @returns The status. */
async function statusUnder(host: string, port: number): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(encoder.encode(
    `GET /metrics HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
  ));
  const text = await new Response(connection.readable).text();
  return Number(text.slice("HTTP/1.1 ".length).slice(0, 3));
}

Deno.test({
  name: "serveMetrics() answers under this machine's names, and under no other",
  ignore,
  async fn() {
    await using server = serveMetrics(new PipelineTelemetry(), { port: 0 });
    const { port } = server;
    for (const name of ["localhost", "127.0.0.1", "[::1]"]) {
      assertEquals(await statusUnder(`${name}:${port}`, port), 200, name);
    }
    for (const host of [`evil.example:${port}`, "localhost:1", ""]) {
      assertEquals(await statusUnder(host, port), 421, host);
    }
  },
});

Deno.test({
  name: "serveMetrics() ends while a request has not come to its end",
  ignore,
  async fn() {
    const server = serveMetrics(new PipelineTelemetry(), { port: 0 });
    const { port } = server;
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(encoder.encode(
      `POST / HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: 9\r\n\r\n{`,
    ));
    await connection.read(new Uint8Array(16));
    await server[Symbol.asyncDispose]();
  },
});
