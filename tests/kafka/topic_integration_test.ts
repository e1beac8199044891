/**
 * Tests of `deno task topic` as a process of its own, against a real Kafka.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { withAdmin } from "../../lib/kafka/client.ts";
import { describeTopic } from "../../lib/kafka/topic.ts";
import { withoutWait } from "../support/captured_output.ts";
import { integrationTest } from "../support/integration.ts";
import { runTaskProcess } from "../support/task_process.ts";

integrationTest(
  "topic creates a topic, and says how one looks that is there already",
  async ({ config, topic }) => {
    const run = (...args: string[]) =>
      runTaskProcess(config, "topic", [`--topic=${topic}`, ...args]);

    assertEquals(await run(), {
      code: 0,
      stdout:
        `Topic '${topic}' created successfully with 3 partitions and a replication factor of 1.\n`,
      stderr: "",
    });
    assertEquals(
      await withAdmin(config, {}, (admin) => describeTopic(admin, topic)),
      { partitions: 3, replicationFactor: 1 },
    );

    const [again, five, two] = await Promise.all([
      run(),
      run("--partitions=5"),
      run("--partitions=5", "--replication-factor=2"),
    ]);
    const exists = `Topic '${topic}' already exists!\n`;
    assertEquals(again, { code: 0, stdout: exists, stderr: "" });
    assertEquals(five, {
      code: 0,
      stdout: `${exists}It has 3 partitions, not 5.\n`,
      stderr: "",
    });
    assertEquals(two, {
      code: 0,
      stdout:
        `${exists}It has 3 partitions, not 5, and a replication factor of 1, not 2.\n`,
      stderr: "",
    });
  },
);

integrationTest(
  "topic creates a topic once when several ask for it at the same time",
  async ({ config, topic }) => {
    const runs = await Promise.all(
      [1, 2, 3].map(() =>
        runTaskProcess(config, "topic", [`--topic=${topic}`])
      ),
    );
    assertEquals(runs.map(({ code, stderr }) => ({ code, stderr })), [
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
    assertEquals(runs.map(({ stdout }) => stdout).sort(), [
      `Topic '${topic}' already exists!\n`,
      `Topic '${topic}' already exists!\n`,
      `Topic '${topic}' created successfully with 3 partitions and a replication factor of 1.\n`,
    ]);
  },
);

integrationTest(
  "topic says in plain words what it can't do, and exits with 1, or 2 for a name that no topic can have",
  async ({ config, topic }) => {
    const nowhere = "localhost:1";
    const [replicas, name, unreachable] = await Promise.all([
      runTaskProcess(config, "topic", [
        `--topic=${topic}`,
        "--replication-factor=30",
      ]),
      runTaskProcess(config, "topic", [`--topic=${topic} & more`]),
      runTaskProcess(config, "topic", [
        `--topic=${topic}`,
        `--brokers=${nowhere}`,
        "--timeout=10",
      ], { reach: [nowhere] }),
    ]);
    assertEquals(replicas.code, 1);
    assertMatch(
      replicas.stderr,
      /^Error: Can't put 30 replicas of each partition on \d+ brokers?\n {2}Use --replication-factor \d+(?: or less)?, or add brokers\.\n$/,
    );
    assertEquals(name, {
      code: 2,
      stdout: "",
      stderr: `Error: Illegal topic name: "${topic} & more"\n` +
        "  A topic's name has 1 to 249 characters: letters, digits, dots, underscores and hyphens.\n" +
        "  Run `deno task topic --help` for its flags.\n",
    });
    const told = withoutWait(unreachable.stderr);
    assertEquals({ ...unreachable, stderr: told }, {
      code: 1,
      stdout: "",
      stderr: `Waiting for Kafka at ${nowhere} (up to N s)...\n` +
        `Error: Connecting failed: Kafka can't be reached at ${nowhere}\n` +
        "  Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.\n  `deno task doctor` looks further.\n",
    });
  },
);

integrationTest(
  "topic refuses flags that are unknown or out of range, and exits with 2",
  async ({ config, topic }) => {
    const hint = "  Run `deno task topic --help` for its flags.\n";
    const refused: readonly (readonly [string, string])[] = [
      [
        "--partitions=0",
        '--partitions takes a whole number from 1 to 10000: "0"',
      ],
      [
        "--replication-factor=1.5",
        '--replication-factor takes a whole number from 1 to 32767: "1.5"',
      ],
      [
        "--partition=3",
        "Unknown flag: --partition=3\n  Did you mean --partitions?",
      ],
      [
        "--brokers=localhost",
        'A broker is written host:port, in --brokers: "localhost"',
      ],
    ];
    const runs = await Promise.all(
      refused.map(([flag]) =>
        runTaskProcess(config, "topic", [`--topic=${topic}`, flag])
      ),
    );
    assertEquals(
      runs,
      refused.map(([, message]) => ({
        code: 2,
        stdout: "",
        stderr: `Error: ${message}\n${hint}`,
      })),
    );
  },
);

integrationTest(
  "topic takes a flag before the environment, and the environment before the default",
  async ({ config, topic }) => {
    const env = { KAFKA_BROKERS: "localhost:1" };
    const args = [`--topic=${topic}`, "--timeout=0"];
    const [byFlag, byEnv] = await Promise.all([
      runTaskProcess(config, "topic", [
        ...args,
        `--brokers=${config.brokers.join(",")}`,
      ], { env }),
      runTaskProcess(config, "topic", args, { env, reach: ["localhost:1"] }),
    ]);
    assertEquals(byFlag.code, 0);
    assertEquals(byEnv, {
      code: 1,
      stdout: "",
      stderr:
        "Error: Connecting failed: Kafka can't be reached at localhost:1\n" +
        "  Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.\n  `deno task doctor` looks further.\n",
    });
  },
);
