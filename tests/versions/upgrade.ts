/**
 * The engine of today on the data of the versions that it ran before.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { javaVersion } from "../../lib/engine/choose.ts";
import { apicurioFor, APICURIOS, KAFKA } from "../../lib/engine/maven.ts";
import {
  startThrowawayEngine,
  ThrowawayEngine,
} from "../support/throwaway_engine.ts";
import { type Order, orders, randomOrders } from "../../lib/events/order.ts";
import { consume, produce, resolveConfig } from "../../lib/mod.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import type { Bench } from "../support/integration.ts";
import { localEngineTest } from "../support/local_engine.ts";
import { committedOffsets, makeTopic } from "../support/topics.ts";
import { KAFKA_BEFORE } from "./programs.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const [newest] = APICURIOS;
const registryBefore = APICURIOS.at(-1) ?? newest;
const registryNow = apicurioFor(await javaVersion() ?? 0);

localEngineTest(
  `${KAFKA.title} and ${registryNow.title} take over the messages, offsets and schema ids of ${KAFKA_BEFORE.title} and ${registryBefore.title}`,
  async () => {
    await using before = await startThrowawayEngine({
      programs: { kafka: KAFKA_BEFORE, registry: registryBefore },
    });
    const { brokers, registryUrl, kafkaPort, ports, folders } = before;
    const bench: Bench = {
      config: { ...resolveConfig(), brokers: [brokers], registryUrl },
      topic: "kept",
      group: "readers",
    };
    const { config, topic, group } = bench;
    const sent = [...randomOrders().take(31)];
    const send = (events: readonly Order[]) =>
      produce(orders, events, { config, topic });
    const read = async (count: number, by = group) => {
      const found: string[] = [];
      await consume(orders, ({ event }) => void found.push(event.event_id), {
        ...{ config, topic, group: by, count },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return found;
    };
    const latestSchema = async () =>
      await (await EventRegistry.connect(config)).latest(`${topic}-value`);

    await makeTopic(bench);
    await send(sent.slice(0, 30));
    const first = await read(20);
    const offsets = await committedOffsets(bench);
    const schema = await latestSchema();
    assertEquals((await before.stop()).length, 2);

    await using after = new ThrowawayEngine({
      dir: folders.root,
      kafkaPorts: [kafkaPort],
      registryPort: ports.registryPort,
    });
    assertEquals(await after.start(), "started");
    assertEquals(await committedOffsets(bench), offsets);
    assertEquals(await latestSchema(), schema);
    await send(sent.slice(30));
    assertEquals(await latestSchema(), schema);
    const all = sent.map(({ event_id }) => event_id).sort();
    assertEquals([...first, ...await read(11)].sort(), all);
    assertEquals((await read(31, "new-readers")).sort(), all);
  },
);
