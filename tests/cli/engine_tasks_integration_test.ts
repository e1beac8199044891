/**
 * `up` and `demo` as tasks: what is left when they are stopped, and whose Kafka they use.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePorts } from "../../lib/engine/ports.ts";
import { CheckoutCopy } from "../support/checkout_copy.ts";
import { eventually } from "../support/eventually.ts";
import { localEngineTest } from "../support/local_engine.ts";

for (
  const [task, signal] of [["up", "SIGINT"], ["demo", "SIGTERM"]] as const
) {
  localEngineTest(
    `${task} stops what it has started when ${signal} comes during the start`,
    async () => {
      await using copy = await CheckoutCopy.create();
      const [kafkaPort, registryPort] = freePorts(2);
      const args = task === "up"
        ? [`--kafka-port=${kafkaPort}`, `--registry-port=${registryPort}`]
        : [];
      const running = copy.start(task, args);
      await running.said("Starting Kafka and the registry...");
      await eventually(
        "a Java process runs",
        async () => running.over || (await copy.engine.running()).length > 0,
      );
      assertEquals(running.over, false, running.stderr);
      running.process.kill(signal);
      assertEquals(await running.end(), 0, running.stderr);
      assertStringIncludes(running.stderr, "is stopped again.\n");
      assertEquals(await copy.engine.running(), []);
    },
  );
}

localEngineTest(
  "demo stopped on its way says so, and that it stops what it has started",
  async () => {
    await using copy = await CheckoutCopy.create();
    const demo = copy.start("demo");
    await demo.said("Delivered: ");
    demo.process.kill("SIGINT");
    assertEquals(await demo.end(), 0, demo.stderr);
    assertMatch(
      demo.stderr,
      /Stopped Kafka \S+ and .* The data is kept\.\n(.* )?The demo was stopped\.\n$/,
    );
    assertMatch(demo.stdout, /\nFlushing remaining messages\.\.\.\n$/);
    assertEquals(await copy.engine.running(), []);
  },
);

localEngineTest(
  "demo runs on an engine of its own when another program listens on Kafka's usual port, and says so",
  async () => {
    await using copy = await CheckoutCopy.create();
    // If it is in use already, the other program is there.
    using _ = listenIfFree(9092);
    const demo = copy.start("demo");
    assertEquals(await demo.end(), 0, demo.stderr);
    assertStringIncludes(demo.stderr, "Another program listens on port 9092");
    assertEquals(await copy.engine.running(), []);
  },
);

function listenIfFree(port: number): Disposable {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    return { [Symbol.dispose]: () => listener.close() };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return { [Symbol.dispose]: () => {} };
  }
}
