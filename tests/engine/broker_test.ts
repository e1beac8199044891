/**
 * A broker's properties and Java options.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  javaOptions,
  renderProperties,
  singleNodeProperties,
} from "../../lib/engine/broker.ts";

Deno.test("singleNodeProperties() binds to this machine alone and makes no topic by mistake", () => {
  const properties = singleNodeProperties({
    kafkaPort: 19092,
    controllerPort: 19093,
    data: "/data",
  });
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

Deno.test("renderProperties() escapes what Java would read otherwise", () => {
  assertEquals(
    renderProperties({ a: "1", path: "C:\\data", text: "x\ny", lead: " z" }),
    "a=1\npath=C:\\\\data\ntext=x\\ny\nlead=\\ z\n",
  );
});

Deno.test("javaOptions() keeps the defaults and puts the caller's behind them", () => {
  assertEquals(javaOptions(["-Xmx512m", "-XX:+UseSerialGC"], ["-Xmx2g"]), [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Xmx2g",
  ]);
});

Deno.test("javaOptions() replaces the garbage collector when the caller names one", () => {
  assertEquals(
    javaOptions(["-Xmx512m", "-XX:+UseSerialGC"], ["-XX:+UseG1GC"]),
    ["-Xmx512m", "-XX:+UseG1GC"],
  );
});
