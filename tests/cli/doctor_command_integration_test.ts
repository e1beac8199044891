/**
 * `deno task doctor` on a real engine: a line for each thing, what to do, and an end within 10 s whatever is silent.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { type Bench, integrationTest } from "../support/integration.ts";
import { untilAnswered } from "../support/doctor.ts";
import { inTimeOnce } from "../support/in_time.ts";
import { SilentListener } from "../support/silent_listener.ts";
import {
  runTaskProcess,
  type TaskOptions,
  type TaskResult,
} from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";

/** The limit for all looks, and the start of the process on a busy machine: less than the 30 s for which a client waits. */
const LIMIT_MS = 10_000 + 15_000;

async function doctor(
  { config, topic, group }: Bench,
  args: readonly string[] = [],
  options?: TaskOptions,
) {
  let result: TaskResult | undefined;
  await inTimeOnce(LIMIT_MS, async () => {
    const begin = performance.now();
    result = await runTaskProcess(config, "doctor", [
      `--topic=${topic}`,
      `--group=${group}`,
      ...args,
    ], options);
    return performance.now() - begin;
  });
  const { code, stdout = "", stderr } = { ...result };
  assertEquals(stderr, "");
  return { code, stdout };
}

integrationTest(
  "doctor finds everything fine, and ends with exit code 0 when the pipeline can run",
  async (bench) => {
    await makeTopic(bench, 2);
    const [value = null] = await encodeOrders(bench, [makeOrder()]);
    await sendRaw(bench.config, bench.topic, [{ value, partition: 0 }]);
    const { code, stdout } = await untilAnswered(() => doctor(bench));
    assertEquals(code, 0, stdout);
    for (
      const line of [
        /^fine {4}brokers: \S+ answers?$/m,
        /^fine {4}broker 1: localhost:\d+ is reached by IPv4/m,
        /^fine {4}clock: this machine and the cluster agree$/m,
        /^fine {4}topic: '\S+' has 2 partitions and 1 message$/m,
        /^fine {4}rights: this user may produce, consume and keep dead letters$/m,
        /^note {4}group: There is no consumer group 'group-/m,
        /^fine {4}registry: http:\/\/localhost:\d+ answers$/m,
        /^fine {4}schema: '\S+-value' has the schema: version 1, level /m,
        /^fine {4}Deno: 2\./m,
        /^fine {4}port \d+: held by process \d+ /m,
        /^The pipeline can run\.$/m,
      ]
    ) assertMatch(stdout, line);
  },
);

integrationTest(
  "doctor says how to create the topic that is missing, and ends with exit code 1",
  async (bench) => {
    const { code, stdout } = await untilAnswered(() => doctor(bench));
    assertEquals(code, 1);
    assertMatch(
      stdout,
      /^BROKEN {2}topic: Topic '\S+' does not exist\n {10}Create it with `deno task topic --topic \S+`\.$/m,
    );
  },
);

integrationTest(
  "doctor names what is down, and looks at the rest",
  async (bench) => {
    await makeTopic(bench, 1);
    const without = (flag: string, late: RegExp) =>
      untilAnswered(
        () => doctor(bench, [flag], { reach: ["localhost:1"] }),
        late,
      );
    const noKafka = await without(
      "--brokers=localhost:1",
      /does not answer|No answer within|^BROKEN {2}registry: /m,
    );
    assertEquals(noKafka.code, 1);
    assertMatch(
      noKafka.stdout,
      /^BROKEN {2}brokers: No Kafka answers at localhost:1\n {10}Start it with `deno task up`/m,
    );
    assertMatch(noKafka.stdout, /^fine {4}registry: /m);
    assertMatch(
      noKafka.stdout,
      /^note {4}port 1: free: nothing listens there\n {10}`deno task up`/m,
    );
    const noRegistry = await without(
      "--registry=http://localhost:1",
      /does not answer|No answer within|^BROKEN {2}(?:brokers|cluster): /m,
    );
    assertEquals(noRegistry.code, 1);
    assertMatch(noRegistry.stdout, /^fine {4}topic: /m);
    assertMatch(
      noRegistry.stdout,
      /^BROKEN {2}registry: The Schema Registry can't be reached at http:\/\/localhost:1\n/m,
    );
  },
);

integrationTest(
  "doctor ends within 10 s when the registry, one broker or all of them are silent",
  async (bench) => {
    await makeTopic(bench, 1);
    using silent = new SilentListener();
    const [broker = ""] = bench.config.brokers;
    const reach = [silent.address];
    const ask = (flag: string) => doctor(bench, [flag], { reach });
    const [registry, one, all] = await Promise.all([
      ask(`--registry=http://${silent.address}`),
      untilAnswered(() => ask(`--brokers=${silent.address},${broker}`)),
      ask(`--brokers=${silent.address}`),
    ]);
    assertEquals(registry.code, 1);
    assertMatch(registry.stdout, /^BROKEN {2}registry: /m);
    const held = `note    port ${silent.address.split(":")[1]}: ` +
      `held by process ${Deno.pid} \\(.*\\)\n {10}Unless that is `;
    assertMatch(
      registry.stdout,
      new RegExp(`^${held}the registry, stop it, .*--registry-port 18081`, "m"),
    );
    assertMatch(registry.stdout, /^fine {4}port \d+: held by process /m);
    assertEquals(one.code, 0, one.stdout);
    assertMatch(one.stdout, /^note {4}brokers: No Kafka answers at /m);
    assertMatch(one.stdout, /^fine {4}topic: /m);
    assertMatch(one.stdout, new RegExp(`^${held}Kafka, stop it, `, "m"));
    assertMatch(one.stdout, /^fine {4}port \d+: held by process /m);
    assertEquals(all.code, 1);
    assertMatch(all.stdout, /^BROKEN {2}brokers: No Kafka answers at /m);
    assertMatch(
      all.stdout,
      new RegExp(`^${held}Kafka, stop it, .*--kafka-port 19092`, "m"),
    );
  },
);
