/**
 * A broker's properties.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { nodeProperties, renderProperties } from "../../lib/engine/broker.ts";

const node = { id: 1, kafkaPort: 19092, controllerPort: 19093 };

Deno.test("nodeProperties() binds to this machine alone and makes no topic by mistake", () => {
  const properties = nodeProperties(node, { nodes: [node], data: "/data" });
  assertEquals(
    properties["listeners"],
    "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093",
  );
  assertEquals(
    properties["advertised.listeners"],
    "PLAINTEXT://localhost:19092",
  );
  assertEquals(properties["auto.create.topics.enable"], "false");
  assertEquals(properties["log.dirs"], "/data");
});

Deno.test("nodeProperties() has all nodes vote, and as many replicas as there are nodes", () => {
  const second = { id: 2, kafkaPort: 19094, controllerPort: 19095 };
  const third = { id: 3, kafkaPort: 19096, controllerPort: 19097 };
  const copies = (nodes: (typeof node)[]) => {
    const properties = nodeProperties(second, { nodes, data: "/data" });
    return [
      properties["node.id"],
      properties["controller.quorum.voters"],
      properties["offsets.topic.replication.factor"],
      properties["transaction.state.log.min.isr"],
    ];
  };
  assertEquals(copies([second]), ["2", "2@127.0.0.1:19095", "1", "1"]);
  assertEquals(copies([node, second, third]), [
    "2",
    "1@127.0.0.1:19093,2@127.0.0.1:19095,3@127.0.0.1:19097",
    "3",
    "2",
  ]);
});

Deno.test("renderProperties() escapes what Java would read otherwise", () => {
  assertEquals(
    renderProperties({ a: "1", path: "C:\\data", text: "x\ny", lead: " z" }),
    "a=1\npath=C:\\\\data\ntext=x\\ny\nlead=\\ z\n",
  );
});
