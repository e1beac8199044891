/**
 * Really started engines: data kept and removed, repairs, and nothing left behind.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigResourceTypes } from "kafkajs";
import { brokerProcess } from "../../lib/engine/broker.ts";
import type { LocalEngine } from "../../lib/engine/local.ts";
import { startEngine, stopEngine } from "../../lib/engine/mod.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import {
  processIdentity,
  runScript,
  signalProcess,
} from "../../lib/engine/shell.ts";
import {
  makeThrowawayEngine,
  startThrowawayEngine,
} from "../support/throwaway_engine.ts";
import { PipelineError } from "../../lib/base/errors.ts";
import { CONFLUENT_API } from "../../lib/engine/apicurio.ts";
import { createTopic } from "../../lib/kafka/topic.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { eventually } from "../support/eventually.ts";
import { localEngineTest } from "../support/local_engine.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { kept: { type: "string" } },
};

function topics(engine: LocalEngine): Promise<string[]> {
  const { brokers, registryUrl } = engine;
  return withAdmin(
    { brokers: [brokers], registryUrl },
    { timeoutMs: PATIENCE_MS },
    (admin) => admin.listTopics(),
  );
}

async function makeTopic(engine: LocalEngine, topic: string): Promise<void> {
  const { brokers, registryUrl } = engine;
  await withAdmin(
    { brokers: [brokers], registryUrl },
    { timeoutMs: PATIENCE_MS },
    (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }),
  );
}

async function register(engine: LocalEngine, subject: string): Promise<number> {
  const url =
    `${engine.registryUrl}${CONFLUENT_API}/subjects/${subject}/versions`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({
      schemaType: "JSON",
      schema: JSON.stringify(SCHEMA),
    }),
  });
  const { id } = await response.json();
  return id;
}

async function schemaOf(engine: LocalEngine, id: number): Promise<unknown> {
  const response = await fetch(
    `${engine.registryUrl}${CONFLUENT_API}/schemas/ids/${id}`,
  );
  const { schema } = await response.json();
  return JSON.parse(schema);
}

/** The level of compatibility of subjects without one of their own. */
async function defaultCompatibility(engine: LocalEngine): Promise<unknown> {
  const response = await fetch(`${engine.registryUrl}${CONFLUENT_API}/config`);
  const { compatibilityLevel } = await response.json();
  return compatibilityLevel;
}

async function setDefaultCompatibility(
  engine: LocalEngine,
  level: string,
): Promise<void> {
  const response = await fetch(`${engine.registryUrl}${CONFLUENT_API}/config`, {
    method: "PUT",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ compatibility: level }),
  });
  await response.body?.cancel();
}

/** The addresses on which a process listens. */
async function listeningAddresses(pid: number | undefined): Promise<string[]> {
  const { stdout } = await runScript(
    `inodes=$(ls -l "/proc/$1/fd" | sed -n 's/.*socket:\\[\\([0-9]*\\)\\].*/\\1/p')
     cat /proc/net/tcp /proc/net/tcp6 | awk -v inodes="$inodes" '
       BEGIN { count = split(inodes, list); for (i = 1; i <= count; i++) own[list[i]] }
       $4 == "0A" && $10 in own { sub(/:.*/, "", $2); print $2 }'`,
    String(pid),
  );
  return stdout.split("\n").filter(Boolean);
}

/** The tests of one engine or two, which share them: starting an engine costs more than what is done to it here. */
const SHARED: readonly {
  readonly name: string;
  readonly fn: (one: LocalEngine, other: LocalEngine) => Promise<void>;
}[] = [
  {
    name: "the engines know nothing of each other",
    async fn(one, other) {
      assertNotEquals(one.brokers, other.brokers);
      assertNotEquals(one.registryUrl, other.registryUrl);
      await makeTopic(one, "only-here");
      assert((await topics(one)).includes("only-here"));
      assert(!(await topics(other)).includes("only-here"));
    },
  },
  {
    name: "LocalEngine listens on 127.0.0.1 only",
    async fn(engine) {
      // Only Linux says so without a program of its own.
      if (Deno.build.os !== "linux") return;
      // As the system writes it, for IPv4 and for IPv6.
      const local = ["0100007F", "0000000000000000FFFF00000100007F"];
      for (const part of await engine.running()) {
        const addresses = await listeningAddresses(part.pid);
        assert(addresses.length > 0, part.title);
        assertEquals(
          addresses.filter((address) => !local.includes(address)),
          [],
          part.title,
        );
      }
    },
  },
  {
    name:
      "LocalEngine gives a new registry Confluent's default level of compatibility; it keeps the level that was set, topics and schema ids over a stop and over a crash, and wipe() removes them",
    async fn(engine) {
      assertEquals(await defaultCompatibility(engine), "BACKWARD");
      await setDefaultCompatibility(engine, "NONE");
      await makeTopic(engine, "kept");
      assertEquals((await engine.stop()).length, 2);
      assertEquals(await engine.running(), []);

      assertEquals(await engine.start(), "started");
      assertEquals(await defaultCompatibility(engine), "NONE");
      assert((await topics(engine)).includes("kept"));
      await makeTopic(engine, "kept-too");
      const id = await register(engine, "kept-value");
      await Promise.all([engine.broker.kill(), engine.registry.kill()]);

      assertEquals(await engine.start(), "started");
      const found = await topics(engine);
      assert(found.includes("kept") && found.includes("kept-too"));
      assertEquals(await schemaOf(engine, id), SCHEMA);
      assertEquals(await register(engine, "kept-value"), id);

      await engine.wipe();
      assertEquals(await engine.running(), []);
      await assertRejects(
        () => Deno.stat(engine.folders.data),
        Deno.errors.NotFound,
      );
    },
  },
  {
    name:
      "startEngine() finds a running engine whatever the ports asked for, repairs a half-dead one, and stopEngine() stops it",
    async fn(_, engine) {
      const dir = engine.folders.root;
      const again = await startEngine({ engine: "local", dir, kafkaPort: 9 });
      assertEquals(again.result, "running");
      assertEquals(again.brokers, engine.brokers);
      assertEquals(again.asAsked, false);

      const brokerPid = engine.broker.pid;
      await signalProcess(engine.registry.pid!, "KILL");
      await eventually(
        "the registry is gone",
        async () => !await engine.registry.running(),
      );
      const repaired = await startEngine({ engine: "local", dir });
      assertEquals(repaired.result, "repaired");
      assertEquals(repaired.brokers, engine.brokers);
      assertEquals((await engine.running()).length, 2);
      assertEquals(engine.broker.pid, brokerPid);
      await makeTopic(engine, "after-repair");

      // The record of a reboot: the process ids are those of others by now.
      await Deno.writeTextFile(`${engine.folders.run}/ports.json`, "garbage");
      const { kafkaPort, ports: { registryPort } } = engine;
      const restarted = await startEngine({
        engine: "local",
        dir,
        kafkaPort,
        registryPort,
      });
      assertEquals(restarted.result, "started");
      assert((await topics(engine)).includes("after-repair"));

      const stopped = await stopEngine({ dir });
      assertEquals(stopped.stopped.length, 2);
      assertEquals(await engine.running(), []);
      assertEquals((await stopEngine({ dir })).stopped, []);
    },
  },
];

localEngineTest(
  "startThrowawayEngine() starts two engines when called at once",
  async (context) => {
    await using stack = new AsyncDisposableStack();
    const [one, other] = await Promise.all(
      [1, 2].map(async () => stack.use(await startThrowawayEngine())),
    );
    assert(one && other);
    for (const { name, fn } of SHARED) {
      await context.step({
        name,
        fn: () => fn(one, other),
        // The engines live longer than a step; the test around the steps checks that nothing is left.
        sanitizeOps: false,
        sanitizeResources: false,
      });
    }
  },
);

localEngineTest(
  "LocalEngine starts three brokers that know each other, repairs one, and keeps their number with the data",
  async () => {
    await using engine = await startThrowawayEngine({ brokersCount: 3 });
    const dir = engine.folders.root;
    const config = {
      brokers: engine.brokers.split(","),
      registryUrl: engine.registryUrl,
    };
    assertEquals(config.brokers.length, 3);
    const layout = { partitions: 3, replicationFactor: 3 };
    const made = await createTopic(config, { topic: "safe", ...layout });
    assertEquals(made, { ...layout, created: true });
    await withAdmin(config, {}, async (admin) => {
      const { brokers } = await admin.describeCluster();
      assertEquals(
        brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`])
          .sort(),
        config.brokers.map((address, index) => [index + 1, address]),
      );
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{
          type: ConfigResourceTypes.TOPIC,
          name: "safe",
          configNames: ["min.insync.replicas"],
        }],
      });
      assertEquals(resources[0]?.configEntries[0]?.configValue, "2");
    });

    const [, second] = engine.brokerProcesses;
    await second?.kill();
    const again = await startEngine({ engine: "local", dir, brokersCount: 1 });
    assertEquals(again.result, "repaired");
    assertEquals(again.brokers, engine.brokers);
    assertEquals([again.brokersCount, again.brokersWanted], [3, 1]);

    assertEquals((await stopEngine({ dir })).stopped.length, 4);
    const error = await assertRejects(
      () => startEngine({ engine: "local", dir, brokersCount: 1 }),
      PipelineError,
    );
    assertStringIncludes(error.message, "that of 3 brokers");
    assertStringIncludes(error.hint ?? "", "deno task down --wipe");
    assertEquals(await engine.start(), "started");
    await withAdmin(config, {}, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: ["safe"] });
      assertEquals(topics[0]?.partitions.length, 3);
    });
  },
);

localEngineTest(
  "start() explains with the log's lines when the broker refuses its settings",
  async () => {
    await using engine = await makeThrowawayEngine();
    const dir = engine.folders.root;
    await Deno.mkdir(`${dir}/data/kafka`, { recursive: true });
    await Deno.writeTextFile(
      `${dir}/data/kafka/meta.properties`,
      "version=1",
    );
    const broker = brokerProcess({
      dir,
      properties: () => ({
        "process.roles": "nonsense",
        "log.dirs": `${dir}/data/kafka`,
      }),
      address: () => engine.brokers,
    });
    const error = await assertRejects(() => broker.start(), PipelineError);
    assertMatch(error.message, /^Kafka \S+ ended while it started$/);
    assertStringIncludes(error.hint ?? "", broker.logFile);
    assertStringIncludes(error.hint ?? "", "process.roles");
  },
);

localEngineTest(
  "start() explains what to do when the data folder lost what Kafka needs",
  async () => {
    await using engine = await makeThrowawayEngine();
    const orders = `${engine.folders.data}/kafka/orders-0`;
    await Deno.mkdir(orders, { recursive: true });
    const error = await assertRejects(() => engine.start(), PipelineError);
    assertStringIncludes(error.message, "no meta.properties");
    assertStringIncludes(error.hint ?? "", "deno task down --wipe");
    assertEquals((await Deno.stat(orders)).isDirectory, true);
    assertEquals(await engine.running(), []);
  },
);

localEngineTest(
  "startThrowawayEngine() leaves no process and no folder when the program that called it is killed",
  async () => {
    const child = new Deno.Command("deno", {
      args: [
        "run",
        "-q",
        "--no-prompt",
        "-P=engine",
        "tests/support/hold_engine.ts",
      ],
      cwd: checkoutFolder(),
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const { value } = await reader.read();
    const { pids, root } = JSON.parse(value ?? "") as {
      pids: number[];
      root: string;
    };
    for (const pid of pids) assert(await processIdentity(pid));
    assertEquals((await Deno.stat(root)).isDirectory, true);

    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await eventually("the engine is gone", async () => {
      const alive = await Promise.all(pids.map(processIdentity));
      const folder = await Deno.stat(root).catch((error) => error);
      return alive.every((identity) => identity === undefined) &&
        folder instanceof Deno.errors.NotFound;
    });
  },
);

localEngineTest(
  "start() names the holder when a port is in use",
  async () => {
    await using engine = await makeThrowawayEngine();
    using holder = Deno.listen({
      hostname: "127.0.0.1",
      port: engine.ports.registryPort,
    });
    assertInstanceOf(holder, Object);
    const error = await assertRejects(() => engine.start(), PipelineError);
    assertStringIncludes(error.message, `process ${Deno.pid}`);
    assertStringIncludes(error.hint ?? "", "--registry-port");
    assertEquals(await engine.running(), []);
    // Nothing is recorded either: the next start may have another number of brokers.
    await assertRejects(
      () => Deno.stat(engine.folders.data),
      Deno.errors.NotFound,
    );
  },
);
