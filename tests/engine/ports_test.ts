/**
 * Which ports are free, and who holds one that is not.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  freePorts,
  isPortFree,
  listeningInodes,
  portHolder,
  requireFreePort,
  requireUsablePorts,
} from "../../lib/engine/ports.ts";
import { PipelineError } from "../../lib/base/errors.ts";
import { shellTest } from "../support/local_engine.ts";

// Kafka's 9092 is 2384 in the system's table: one that listens, one connection to it, one that listens elsewhere.
const TABLE =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:2384 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`;

Deno.test("listeningInodes() finds who listens on the port, and no connection to it", () => {
  assertEquals(listeningInodes(TABLE, 9092), ["4711"]);
  assertEquals(listeningInodes(TABLE, 8081), ["4713"]);
  assertEquals(listeningInodes(TABLE, 9093), []);
  assertEquals(listeningInodes("", 9092), []);
});

shellTest(
  "freePorts() finds different ports that can be listened on, and that no outgoing connection gets",
  async () => {
    const ports = freePorts(3);
    assertEquals(new Set(ports).size, 3);
    for (const port of ports) {
      assert(port < 32_768, `${port}`);
      assert(await isPortFree(port));
    }
  },
);

shellTest(
  "requireFreePort() names the process and the flag when someone listens on the port",
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    assertEquals(await isPortFree(port), false);
    assertEquals((await portHolder(port))?.pid, Deno.pid);
    const error = await assertRejects(
      () => requireFreePort({ port, title: "Kafka", flag: "--kafka-port" }),
      PipelineError,
    );
    assertStringIncludes(
      error.message,
      `Port ${port}, which Kafka needs, is in use by process ${Deno.pid} (`,
    );
    // By its name, or by a path where it was found otherwise than by the PATH.
    assertMatch(error.message, /process \d+ \(\S*deno/);
    assertMatch(error.hint ?? "", /--kafka-port \d+$/);
  },
);

shellTest(
  "requireUsablePorts() names the programs and the flag when two are to have one port, or there is no such port",
  () => {
    const kafka = { port: 9092, title: "Kafka", flag: "--kafka-port" };
    const registry = { port: 8081, title: "Registry", flag: "--registry-port" };
    requireUsablePorts([kafka, registry]);
    const error = assertThrows(
      () => requireUsablePorts([kafka, { ...registry, port: 9092 }]),
      PipelineError,
      "Kafka and Registry can't both have port 9092",
    );
    assertMatch(
      error.hint ?? "",
      /^Choose another port: --registry-port \d+$/,
    );
    assertThrows(
      () => requireUsablePorts([{ ...kafka, port: 65_536 }, registry]),
      PipelineError,
      "There is no port 65536, which Kafka needs",
    );
  },
);

shellTest(
  "requireFreePort() is content when nobody listens on the port",
  async () => {
    const [port = 0] = freePorts(1);
    await requireFreePort({ port, title: "Kafka", flag: "--kafka-port" });
    assert(await isPortFree(port));
  },
);
