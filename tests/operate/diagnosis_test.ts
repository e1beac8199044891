/**
 * Tests of how long the diagnoses take where nothing answers. What they find is in the integration tests of security.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { diagnoseKafka } from "../../lib/operate/kafka_diagnosis.ts";
import { diagnoseRegistry } from "../../lib/operate/registry_diagnosis.ts";
import { permittedTest } from "../support/permissions.ts";
import { SilentListener } from "../support/silent_listener.ts";

permittedTest(
  "diagnoseKafka() and diagnoseRegistry() find nothing within 3 s when several brokers and the registry hang",
  [{ name: "net", host: "127.0.0.1" }, { name: "net", host: "localhost" }],
  async () => {
    using first = new SilentListener();
    using second = new SilentListener();
    using third = new SilentListener();
    const begin = performance.now();
    const found = await Promise.all([
      diagnoseKafka({
        brokers: [first.address, second.address, third.address],
        registryUrl: "",
      }),
      diagnoseRegistry({ brokers: [], registryUrl: `http://${first.address}` }),
      diagnoseRegistry({
        brokers: [],
        registryUrl: `https://${first.address}`,
      }),
    ]);
    const took = performance.now() - begin;
    assertEquals(found, [undefined, undefined, undefined]);
    // One after the other, the brokers alone would take 9 s.
    assert(took < 9_000, `Took ${took} ms`);
  },
);
