/**
 * The dashboard's server without Kafka: addresses, and requests that don't come to their end.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestDashboard } from "../support/dashboard.ts";
import { permittedTest } from "../support/permissions.ts";

/** What a test needs. */
const NEEDS = [{ name: "net", host: "127.0.0.1" }] as const;
const CONFIG = { brokers: ["localhost:1"], registryUrl: "http://localhost:1" };

permittedTest(
  "the server has nothing at an address without a name, or with too many parts",
  NEEDS,
  async () => {
    await using server = new TestDashboard({ config: CONFIG });
    for (
      const path of ["groups/", "topics/", "topics//messages", "schemas/a/b"]
    ) {
      const { status, body } = await server.get(`/api/${path}`);
      assertEquals([status, body], [404, {
        error: "There is nothing at this address",
      }], path);
    }
  },
);

permittedTest(
  "the server gives up a body that does not come to its end in seconds, and takes one that breaks off for no defect",
  NEEDS,
  async () => {
    await using server = new TestDashboard({ config: CONFIG });
    const send = async () => {
      const connection = await Deno.connect({
        hostname: "127.0.0.1",
        port: server.port,
      });
      const head = [
        "POST /api/groups/cafe/reset HTTP/1.1",
        `host: localhost:${server.port}`,
        `origin: ${server.url}`,
        "content-type: application/json",
        "content-length: 100",
      ];
      await connection.write(
        new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n{`),
      );
      return connection;
    };
    (await send()).close();
    const startMs = performance.now();
    using slow = await send();
    const bytes = new Uint8Array(1_000);
    const length = await slow.read(bytes) ?? 0;
    assertMatch(
      new TextDecoder().decode(bytes.subarray(0, length)),
      /^HTTP\/1.1 408 [^]*"The body did not come to its end"/,
    );
    const tookMs = performance.now() - startMs;
    assert(tookMs > 4_000, `${tookMs} ms`);
    assertEquals(server.failures, []);
  },
);
