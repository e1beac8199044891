/**
 * Who gets metrics, and that nobody keeps their server from ending.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PipelineTelemetry } from "../../lib/telemetry/pipeline_telemetry.ts";
import { serveMetrics } from "../../lib/telemetry/server.ts";
import { permittedTest } from "../support/permissions.ts";

/** What a test needs. */
const NEEDS = [{ name: "net", host: "127.0.0.1" }] as const;
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

permittedTest(
  "serveMetrics() answers under this machine's names, and under no other",
  NEEDS,
  async () => {
    await using server = serveMetrics(new PipelineTelemetry(), { port: 0 });
    const { port } = server;
    for (const name of ["localhost", "127.0.0.1", "[::1]"]) {
      assertEquals(await statusUnder(`${name}:${port}`, port), 200, name);
    }
    for (const host of [`evil.example:${port}`, "localhost:1", ""]) {
      assertEquals(await statusUnder(host, port), 421, host);
    }
  },
);

permittedTest(
  "serveMetrics() ends while a request has not come to its end",
  NEEDS,
  async () => {
    const server = serveMetrics(new PipelineTelemetry(), { port: 0 });
    const { port } = server;
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(encoder.encode(
      `POST / HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: 9\r\n\r\n{`,
    ));
    await connection.read(new Uint8Array(16));
    await server[Symbol.asyncDispose]();
  },
);
