/**
 * A real Kafka takes the very settings that `docker-compose.yml` gives its broker.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { brokerProcess, renderProperties } from "../lib/engine/broker.ts";
import { ensurePrograms } from "../lib/engine/download.ts";
import { foldersOf } from "../lib/engine/paths.ts";
import { freePorts } from "../lib/engine/ports.ts";
import { runCommand, runScript } from "../lib/engine/shell.ts";
import { Watchdog } from "./support/watchdog.ts";
import { withAdmin } from "./support/kafkajs.ts";
import { brokerProperties, readComposeFile } from "./support/compose_file.ts";
import { localEngineTest } from "./support/local_engine.ts";
import { PATIENCE_MS } from "./support/patience.ts";

localEngineTest(
  "docker-compose.yml's broker settings boot a real Kafka that takes a topic from this machine and from a container",
  async () => {
    const root = await Deno.makeTempDir({ prefix: "compose_broker_" });
    try {
      await bootAndUse(root);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);

async function bootAndUse(root: string): Promise<void> {
  const [hostPort, internalPort, controllerPort] = freePorts(3) as [
    number,
    number,
    number,
  ];
  const { environment, healthcheck } = readComposeFile({
    KAFKA_PORT: String(hostPort),
  }).services.broker!;
  const folders = foldersOf(root);
  const data = `${root}/data`;
  // Everything else is as the container has it. Its name and its two inner ports exist only inside.
  const properties = Object.fromEntries(
    Object.entries(brokerProperties(environment)).map(([name, value]) => [
      name,
      value
        .replaceAll("broker:29092", `127.0.0.1:${internalPort}`)
        .replaceAll("broker:29093", `127.0.0.1:${controllerPort}`)
        .replace(/^\/var\/lib\/kafka\/data$/, data),
    ]),
  );
  assert(!JSON.stringify(properties).includes("broker:"));
  assertEquals(properties["log.dirs"], data);

  // The image formats the folder with the cluster id of its environment, and so does this.
  const clusterId = String(environment.CLUSTER_ID);
  const { kafka } = await ensurePrograms();
  await Deno.mkdir(data);
  await Deno.mkdir(folders.run);
  const propertiesFile = `${folders.run}/compose.properties`;
  await Deno.writeTextFile(propertiesFile, renderProperties(properties));
  const format = await runCommand([
    "java",
    "-cp",
    `${kafka}/*`,
    "kafka.tools.StorageTool",
    "format",
    "--cluster-id",
    clusterId,
    "--config",
    propertiesFile,
  ], { timeoutMs: PATIENCE_MS });
  assertEquals(format.code, 0, format.stdout + format.stderr);
  assertMatch(
    await Deno.readTextFile(`${data}/meta.properties`),
    new RegExp(`^cluster\\.id=${clusterId}$`, "m"),
  );

  const watchdog = new Watchdog(root);
  const broker = brokerProcess({
    dir: root,
    properties: () => properties,
    address: () => `localhost:${hostPort}`,
  });
  const at = (address: string) => ({
    brokers: [address],
    registryUrl: "http://localhost:1",
  });
  try {
    await broker.start();
    await withAdmin(
      at(`localhost:${hostPort}`),
      { timeoutMs: PATIENCE_MS },
      async (admin) => {
        const cluster = await admin.describeCluster();
        assertEquals(cluster.clusterId, clusterId);
        // Whoever asks on this machine's listener is sent on to this machine's address.
        assertEquals(
          cluster.brokers.map(({ host, port }) => `${host}:${port}`),
          [`localhost:${hostPort}`],
        );
        // Repeated if a broker does not know the topic yet, and then false.
        await admin.createTopics({
          topics: [{ topic: "made-on-host", numPartitions: 3 }],
        });
        assert((await admin.listTopics()).includes("made-on-host"));
      },
    );
    await withAdmin(
      at(`127.0.0.1:${internalPort}`),
      { timeoutMs: PATIENCE_MS },
      async (admin) => {
        const { brokers } = await admin.describeCluster();
        assertEquals(brokers.map(({ port }) => port), [internalPort]);
        // A topic that nobody created must not come to be by asking for it.
        const missing = await admin.fetchTopicMetadata({
          topics: ["mistyped"],
        }).then(() => "created", (error: Error) => error.message);
        assertStringIncludes(missing, "does not host this topic-partition");
        const topics = await admin.listTopics();
        assert(topics.includes("made-on-host"));
        assert(!topics.includes("mistyped"));
      },
    );
    const [, shell, , script = ""] = healthcheck.test;
    assertEquals(shell, "bash");
    const check = (port: number) =>
      runScript(
        'exec bash -c "$1"',
        script.replace("broker/29092", `127.0.0.1/${port}`),
      );
    const healthy = await check(internalPort);
    assertEquals(healthy.code, 0, healthy.stderr);
    const [nothing = 0] = freePorts(1);
    assertNotEquals((await check(nothing)).code, 0);
  } finally {
    await broker.stop();
    await watchdog.release();
  }
}
