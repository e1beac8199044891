/**
 * Tests of secured connections: the real tasks against a real broker with logins, certificates and rights, and against the real
 * registry behind a proxy with a login. Whatever they print is searched for secrets.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { javaProblem } from "../../lib/engine/choose.ts";
import { resolveConfig } from "../../lib/settings/config.ts";
import { createKafka } from "../support/kafkajs.ts";
import { withAdmin } from "../../lib/kafka/client.ts";
import { createTopic } from "../../lib/kafka/topic.ts";
import {
  Authority,
  type Certified,
  encryptKey,
  opensslProblem,
} from "../support/certificates.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { untilAnswered } from "../support/doctor.ts";
import { eventually } from "../support/eventually.ts";
import { inTimeOnce } from "../support/in_time.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { RegistryProxy } from "../support/registry_proxy.ts";
import { type Right, SecuredBroker } from "../support/secured_broker.ts";
import {
  type PipelineTask,
  runTaskProcess,
  TaskProcess,
  type TaskResult,
} from "../support/task_process.ts";
import { committedOffsets, makeTopic, sendRaw } from "../support/topics.ts";
import { scratchFolder } from "../support/scratch_folder.ts";

const USER = "cafe";
const PASSWORD = "Hunter2=pass+word/42";
const KEY_PASSWORD = "hunter2-key";
const TOKEN = "hunter2.to-ken_42";
/** A refusal ends a task without the 30 s of waiting for an outage to end; a busy machine takes its time. */
const AT_ONCE_MS = 25_000;

/** Every form in which a secret could be printed. */
const FORBIDDEN = [
  ...[PASSWORD, KEY_PASSWORD, TOKEN],
  ...[PASSWORD, TOKEN, `${USER}:${PASSWORD}`, `\0${USER}\0${PASSWORD}`].map(
    (text) => btoa(text),
  ),
  "PRIVATE KEY",
  "hunter2",
  "Hunter2",
];

type Variables = Readonly<Record<string, string>>;

const problem = await opensslProblem() ?? await javaProblem();

function securityTest(
  name: string,
  fn: (bench: Bench, context: Deno.TestContext) => Promise<void>,
): void {
  if (problem === undefined) integrationTest(name, fn);
  else Deno.test({ name: `${name} (${problem})`, ignore: true, fn() {} });
}

interface RunOptions {
  readonly brokers: string;
  readonly registryUrl: string;
  readonly env: Variables;
  readonly reach?: readonly string[];
  readonly folder: string;
}

/** Runs a task, and makes sure that it prints no secret. */
async function run(
  options: RunOptions,
  task: PipelineTask,
  args: readonly string[],
): Promise<TaskResult> {
  const { brokers, registryUrl, env, reach = [], folder } = options;
  const result = await runTaskProcess(
    { brokers: [brokers], registryUrl },
    task,
    args,
    { env, reach, read: [folder] },
  );
  const printed = result.stdout + result.stderr;
  for (const secret of FORBIDDEN) {
    assert(!printed.includes(secret), `${task} prints ${secret}: ${printed}`);
  }
  return result;
}

/**
 * Runs a task that is refused, and returns its error's lines. Where it has a secret, it runs once more with --debug, which tells more,
 * and no secret either.
 */
async function refused(
  options: RunOptions,
  task: PipelineTask,
  args: readonly string[],
  { debug = hasSecret(options.env) } = {},
): Promise<string> {
  const runDebug = () => run(options, task, [...args, "--debug"]);
  // Two consumers at once would share the group.
  const debugging = debug && task !== "consume" && runDebug();
  let stderr = "";
  // A broker that a busy machine holds up refuses nothing in time, and is waited for.
  await inTimeOnce(AT_ONCE_MS, async () => {
    const begin = Date.now();
    const result = await run(options, task, args);
    ({ stderr } = result);
    assertEquals(result.code, 1, stderr);
    return stderr.includes("Waiting for") ? Infinity : Date.now() - begin;
  });
  const debugged = debug && await (debugging || runDebug());
  assertEquals(stderr.split("\n").filter((l) => /^Error/.test(l)).length, 1);
  if (debugged) {
    assertEquals(debugged.code, 1, debugged.stderr);
    assertStringIncludes(debugged.stderr, "    at ");
  }
  return stderr;
}

function hasSecret(env: Variables): boolean {
  return Object.keys(env).some((name) => /PASSWORD|TOKEN|KEY_FILE/.test(name));
}

/** A broker with everything, its certificates, and their folder. */
interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly broker: SecuredBroker;
  readonly authority: Authority;
  readonly stranger: Authority;
  readonly client: Certified;
}

async function makeFixture(): Promise<Fixture> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await scratchFolder());
  const authority = await Authority.create(folder, "authority");
  const stranger = await Authority.create(folder, "stranger");
  const broker = stack.use(
    await SecuredBroker.start({
      dir: `${folder}/broker`,
      server: await authority.sign({ name: "localhost" }),
      otherName: await authority.sign({ name: "kafka.example" }),
      expired: await authority.sign({ name: "localhost", days: -1 }),
      authority: authority.own.cert,
      user: USER,
      password: PASSWORD,
    }),
  );
  const client = await authority.sign({ name: "client" });
  const kept = stack.move();
  return {
    folder,
    broker,
    authority,
    stranger,
    client,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function loginBy(mechanism: string, fixture: Fixture): Variables {
  return {
    KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: USER,
    KAFKA_SASL_PASSWORD: PASSWORD,
    KAFKA_SSL_CA_FILE: fixture.authority.own.certFile,
  };
}

securityTest(
  "Kafka with logins, certificates and rights",
  async (bench, context) => {
    await using fixture = await makeFixture();
    const { broker, folder, authority, stranger, client } = fixture;
    const { topic, group } = bench;
    const { registryUrl } = bench.config;
    const scram = loginBy("SCRAM-SHA-512", fixture);
    const on = (
      listener: Parameters<SecuredBroker["address"]>[0],
      env: Variables,
    ): RunOptions => ({
      brokers: broker.address(listener),
      registryUrl,
      env,
      reach: broker.addresses,
      folder,
    });
    const wanted = ["--topic", topic];
    await createTopic(broker.superuser, {
      topic,
      partitions: 1,
      replicationFactor: 1,
    });

    const produceAndConsume = async (options: RunOptions, name: string) => {
      const group = `${bench.group}-${name}`;
      await broker.grantOnly(`User:${USER}`, [
        `TOPIC ${topic} WRITE`,
        `TOPIC ${topic} READ`,
        `GROUP ${group} READ`,
      ]);
      const sent = await run(options, "produce", [
        ...[...wanted, "--count", "1", "--json", "--debug"],
      ]);
      assertEquals(sent.code, 0, sent.stderr);
      const { offset } = JSON.parse(sent.stdout);
      const got = await run(options, "consume", [
        ...[...wanted, "--group", group, "--json", "--debug"],
        ...["--count", String(Number(offset) + 1)],
      ]);
      assertEquals(got.code, 0, got.stderr);
      assertEquals(
        got.stdout.trim().split("\n").at(-1),
        sent.stdout.trim(),
      );
      return sent;
    };

    for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]) {
      await context.step(
        `produce and consume log in by ${mechanism}`,
        async () => {
          const options = on("SASLSSL", loginBy(mechanism, fixture));
          const { stderr } = await produceAndConsume(options, mechanism);
          assert(!stderr.includes("Warning"), stderr);
        },
      );

      await context.step(
        `a wrong password is told in a line by ${mechanism}`,
        async () => {
          const env = {
            ...loginBy(mechanism, fixture),
            KAFKA_SASL_PASSWORD: "hunter2",
          };
          const stderr = await refused(on("SASLSSL", env), "topic", wanted);
          assertMatch(
            stderr,
            new RegExp(
              `^Error: Kafka at localhost:\\d+ refuses the login by ${mechanism}\n.*KAFKA_SASL_PASSWORD`,
            ),
          );
        },
      );
    }

    await context.step(
      "a password may stand in a file, with a line break at its end, and others who can read it cause a warning",
      async () => {
        const file = `${folder}/password`;
        await Deno.writeTextFile(file, `${PASSWORD}\n`);
        const { KAFKA_SASL_PASSWORD: _, ...rest } = scram;
        const options = on("SASLSSL", {
          ...rest,
          KAFKA_SASL_PASSWORD_FILE: file,
        });
        for (const [mode, warned] of [[0o644, 1], [0o600, 0]] as const) {
          await Deno.chmod(file, mode);
          const { stderr } = await produceAndConsume(options, `file-${mode}`);
          const warnings = stderr.match(
            /^Warning: the file that KAFKA_SASL_PASSWORD_FILE names can be read by other users/gm,
          ) ?? [];
          assertEquals(warnings.length, warned, stderr);
        }
      },
    );

    await context.step(
      "a file outside the folders that a task may read is refused, without its name",
      async () => {
        const { KAFKA_SASL_PASSWORD: _, ...rest } = scram;
        const env = { ...rest, KAFKA_SASL_PASSWORD_FILE: "/etc/hunter2" };
        const { code, stderr } = await run(on("SASLSSL", env), "topic", [
          ...[...wanted, "--debug"],
        ]);
        assertEquals(code, 2, stderr);
        assertMatch(
          stderr,
          /^Error: No permission to read the file that KAFKA_SASL_PASSWORD_FILE names\n.*\.secrets/,
        );
      },
    );

    await context.step(
      "a login over plain text works, with a warning",
      async () => {
        const env: Variables = {
          KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
          KAFKA_SASL_MECHANISM: "PLAIN",
          KAFKA_SASL_USERNAME: USER,
          KAFKA_SASL_PASSWORD: PASSWORD,
        };
        const options = on("SASLPLAIN", env);
        const { stderr } = await produceAndConsume(options, "plain");
        assertEquals(
          stderr.match(/^Warning: the password for Kafka/gm)?.length,
          1,
        );
      },
    );

    await context.step(
      "a client's certificate is its name, and its key may be encrypted",
      async () => {
        const encrypted = await encryptKey(client, KEY_PASSWORD);
        await broker.grantOnly("User:CN=client", [`TOPIC ${topic} WRITE`]);
        const base = {
          KAFKA_SECURITY_PROTOCOL: "SSL",
          KAFKA_SSL_CA_FILE: authority.own.certFile,
          KAFKA_SSL_CERT_FILE: client.certFile,
        };
        for (
          const key of [
            { KAFKA_SSL_KEY_FILE: client.keyFile },
            {
              KAFKA_SSL_KEY_FILE: encrypted,
              KAFKA_SSL_KEY_PASSWORD: KEY_PASSWORD,
            },
          ]
        ) {
          const options = on("MUTUAL", { ...base, ...key } as Variables);
          const args = [...wanted, "--count", "1", "--debug"];
          const { code, stderr } = await run(options, "produce", args);
          assertEquals(code, 0, stderr);
        }
        const wrong = {
          ...base,
          KAFKA_SSL_KEY_FILE: encrypted,
          KAFKA_SSL_KEY_PASSWORD: "hunter2",
        };
        const { code, stderr } = await run(on("MUTUAL", wrong), "topic", [
          ...[...wanted, "--debug"],
        ]);
        assertEquals(code, 2, stderr);
        assertStringIncludes(stderr, "can't be decrypted");
      },
    );

    await context.step(
      "consume logs in again to a broker that was killed, and takes no outage for a wrong password",
      async () => {
        const group = `${bench.group}-outage`;
        const config = broker.superuser;
        await broker.grantOnly(`User:${USER}`, [
          `TOPIC ${topic} WRITE`,
          `TOPIC ${topic} READ`,
          `GROUP ${group} READ`,
        ]);
        const options = on("SASLSSL", scram);
        const produce = async () => {
          const args = [...wanted, "--count", "1"];
          const { code, stderr } = await run(options, "produce", args);
          assertEquals(code, 0, stderr);
        };
        await using consumer = new TaskProcess(
          { brokers: [options.brokers], registryUrl },
          "consume",
          [...wanted, "--group", group, "--json", "--from", "latest"],
          {
            env: scram,
            reach: broker.addresses,
            read: [folder],
          },
        );
        await eventually("the group's place", async () => {
          const offsets = await committedOffsets({ config, topic, group });
          return offsets[0] !== undefined;
        });
        await produce();
        await consumer.until(/"event"/);
        await broker.kill();
        await consumer.until(/Waiting for Kafka/, "stderr");
        await broker.restart();
        await consumer.until(/No longer waiting for Kafka/, "stderr");
        await produce();
        await consumer.until(/"event"[^]*"event"/);
        consumer.signal("SIGTERM");
        const { code, stderr } = await consumer.end();
        assertEquals(code, 0, stderr);
        assert(!stderr.includes("Error"), stderr);
      },
    );

    await context.step(
      "a connection that is cut in the middle of the login is tried again",
      async () => {
        for (const mechanism of ["PLAIN", "SCRAM-SHA-512"]) {
          await using proxy = new CuttingProxy(broker.address("SASLPLAIN"), 3);
          const options = {
            ...on("SASLPLAIN", {
              KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
              KAFKA_SASL_MECHANISM: mechanism,
              KAFKA_SASL_USERNAME: USER,
              KAFKA_SASL_PASSWORD: PASSWORD,
            }),
            brokers: proxy.address,
          };
          await broker.grantOnly(`User:${USER}`, [`TOPIC ${topic} DESCRIBE`]);
          const { code, stderr } = await run(options, "topic", wanted);
          assertEquals(code, 0, stderr);
          assert(proxy.cut, "Nothing was cut");
        }
      },
    );

    await context.step("no object of kafkajs shows the password", async () => {
      const { security } = resolveConfig({}, {
        env: (name) => scram[name],
      });
      assertEquals(security?.kafka?.sasl?.password.reveal(), PASSWORD);
      const kafka = await createKafka({
        ...broker.superuser,
        ...(security && { security }),
      });
      const parts = [kafka, kafka.admin(), kafka.consumer({ groupId: "none" })];
      const shown = Deno.inspect(parts, { depth: 20, showHidden: true });
      assert(!shown.includes(PASSWORD), shown);
    });

    const sslOnly = {
      KAFKA_SECURITY_PROTOCOL: "SSL",
      KAFKA_SSL_CA_FILE: authority.own.certFile,
    };
    const foreign = await stranger.sign({ name: "client" });
    const unknownAuthority = {
      ...scram,
      KAFKA_SSL_CA_FILE: stranger.own.certFile,
    };
    const { KAFKA_SSL_CA_FILE: _, ...noAuthority } = scram;
    const untrusted =
      /^Error: The certificate of the broker at localhost:\d+ is not signed by a trusted authority\n.*KAFKA_SSL_CA_FILE/;
    const plainLogin = {
      KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
      KAFKA_SASL_MECHANISM: "SCRAM-SHA-256",
      KAFKA_SASL_USERNAME: USER,
      KAFKA_SASL_PASSWORD: PASSWORD,
    };
    const does = (what: string, protocol: string) =>
      new RegExp(
        `Error: The broker at localhost:\\d+ ${what}, and KAFKA_SECURITY_PROTOCOL is ${protocol}\n`,
      );
    const badConnections: [string, RunOptions, RegExp][] = [
      ["an unknown authority", on("SASLSSL", unknownAuthority), untrusted],
      ["an authority that isn't named", on("SASLSSL", noAuthority), untrusted],
      [
        "an unknown authority where Node would be told to trust it",
        on("SASLSSL", {
          ...unknownAuthority,
          NODE_TLS_REJECT_UNAUTHORIZED: "0",
        }),
        untrusted,
      ],
      [
        "a certificate for another name",
        on("OTHERNAME", scram),
        /^Error: The certificate of the broker at localhost:\d+ is for another name\n/,
      ],
      [
        "a certificate for another name where Node would be told to trust it",
        on("OTHERNAME", { ...scram, NODE_TLS_REJECT_UNAUTHORIZED: "0" }),
        /^Error: The certificate of the broker at localhost:\d+ is for another name\n/,
      ],
      [
        "a certificate that has expired",
        on("EXPIRED", scram),
        /^Error: The certificate of the broker at localhost:\d+ has expired\n/,
      ],
      [
        "a client without the certificate that it needs",
        on("MUTUAL", sslOnly),
        /^Error: Kafka at localhost:\d+ refuses this client's certificate, or requires one\n.*KAFKA_SSL_CERT_FILE/,
      ],
      [
        "a client's certificate from an unknown authority",
        on("MUTUAL", {
          ...sslOnly,
          KAFKA_SSL_CERT_FILE: foreign.certFile,
          KAFKA_SSL_KEY_FILE: foreign.keyFile,
        }),
        /^Error: Kafka at localhost:\d+ refuses this client's certificate, or requires one\n/,
      ],
      [
        "plain text to a port for TLS",
        on("SASLSSL", {}),
        does("speaks TLS", "PLAINTEXT"),
      ],
      [
        "a plain login to a port for TLS",
        on("SASLSSL", plainLogin),
        does("speaks TLS", "SASL_PLAINTEXT"),
      ],
      [
        "TLS to a port for plain text",
        on("PLAINTEXT", sslOnly),
        does("speaks plain text", "SSL"),
      ],
      [
        "TLS with a login to a port for plain text",
        on("PLAINTEXT", scram),
        does("speaks plain text", "SASL_SSL"),
      ],
      [
        "no login where one is needed",
        on("SASLPLAIN", {}),
        does("requires a SASL login", "PLAINTEXT"),
      ],
      [
        "TLS and no login where one is needed",
        on("SASLSSL", sslOnly),
        does("requires a SASL login", "SSL"),
      ],
      [
        "a login where there is none",
        on("PLAINTEXT", plainLogin),
        does("takes no SASL login", "SASL_PLAINTEXT"),
      ],
    ];
    for (const [name, options, message] of badConnections) {
      await context.step(`${name} is told in a line`, async () => {
        assertMatch(await refused(options, "topic", wanted), message);
      });
    }

    const login = on("SASLSSL", scram);
    const letters = `${topic}.dlq`;
    const noRight = (kind: string) =>
      new RegExp(
        `failed: the user lacks a right on the ${kind} \\(${
          kind === "topic" ? "TOPIC" : "GROUP"
        }_AUTHORIZATION_FAILED\\)\n`,
      );
    let fresh = 0;
    const garbage = () =>
      sendRaw(broker.superuser, topic, [{ key: "k", value: "garbage" }]);
    const drain = ["--group", group, "--idle-exit", "1"];
    const tasks: readonly {
      readonly name: string;
      readonly task: PipelineTask;
      readonly args: readonly string[];
      readonly rights: readonly Right[];
      /** Makes what the task works on. */
      readonly before?: () => Promise<unknown>;
    }[] = [
      {
        name: "produce",
        task: "produce",
        args: [...wanted, "--count", "1"],
        rights: [`TOPIC ${topic} WRITE`],
      },
      {
        name: "produce --idempotent",
        task: "produce",
        args: [...wanted, "--count", "1", "--idempotent"],
        rights: [`TOPIC ${topic} WRITE`],
      },
      {
        name: "consume",
        task: "consume",
        args: [...wanted, ...drain],
        rights: [`TOPIC ${topic} READ`, `GROUP ${group} READ`],
      },
      {
        name: "consume with a dead letter",
        task: "consume",
        args: [...wanted, ...drain],
        rights: [
          `TOPIC ${topic} READ`,
          `GROUP ${group} READ`,
          `TOPIC ${letters} CREATE`,
          `TOPIC ${letters} WRITE`,
        ],
        before: garbage,
      },
      {
        name: "group show",
        task: "group",
        args: ["show", group],
        rights: [`GROUP ${group} DESCRIBE`],
      },
      {
        name: "group reset",
        task: "group",
        args: ["reset", group, ...wanted, "--to=earliest", "--execute"],
        rights: [`TOPIC ${topic} READ`, `GROUP ${group} READ`],
      },
      {
        name: "peek",
        task: "peek",
        args: wanted,
        rights: [`TOPIC ${topic} READ`],
      },
      {
        name: "dlq",
        task: "dlq",
        args: wanted,
        rights: [`TOPIC ${letters} READ`],
      },
      {
        name: "dlq replay",
        task: "dlq",
        args: ["replay", ...wanted],
        rights: [
          `TOPIC ${letters} READ`,
          `TOPIC ${letters} WRITE`,
          `TOPIC ${topic} WRITE`,
        ],
      },
    ];

    await context.step(
      "doctor names the rights that are missing, and finds nothing broken with all of them",
      async () => {
        const args = [...wanted, "--group", group];
        const all: readonly Right[] = [
          `TOPIC ${topic} READ`,
          `TOPIC ${topic} WRITE`,
          `GROUP ${group} READ`,
          `TOPIC ${letters} CREATE`,
          `TOPIC ${letters} WRITE`,
        ];
        await broker.grantOnly(`User:${USER}`, all);
        const whole = await untilAnswered(() => run(login, "doctor", args));
        assertEquals(whole.code, 0, whole.stdout);
        assertMatch(whole.stdout, /^fine {4}rights: this user may produce/m);
        assertMatch(whole.stdout, /^note {4}clock: not compared/m);
        await broker.grantOnly(
          `User:${USER}`,
          all.filter((right) => !/WRITE|GROUP/.test(right)),
        );
        const lacking = await untilAnswered(() => run(login, "doctor", args));
        assertEquals(lacking.code, 1, lacking.stdout);
        assertStringIncludes(
          lacking.stdout,
          `BROKEN  rights: Missing: Write on topic '${topic}', Read on group '${group}'\n`,
        );
      },
    );

    await context.step(
      "the page tells what this user may read, and that the rest is not known",
      async () => {
        await broker.grantOnly(`User:${USER}`, [`TOPIC ${topic} READ`]);
        const config = resolveConfig({
          brokers: broker.address("SASLSSL"),
          registry: registryUrl,
        }, { env: (name) => scram[name] });
        await using page = new TestDashboard({ config });
        const { body } = await page.get("/api/topics");
        assertEquals(
          body.map((
            { name, bytes }: { readonly name: string; readonly bytes: unknown },
          ) => [name, bytes]),
          [[topic, null]],
        );
        const shown = await page.get(`/api/topics/${topic}`);
        assertEquals(
          [shown.body.partitions[0].bytes, shown.body.settings],
          [null, []],
        );
        assertEquals((await page.statusOnce("kafka")).kafka, { ok: true });
      },
    );

    await context.step(
      "consume names the setting that refuses a dead letter when it may not change it",
      async () => {
        const source = `${topic}-source`;
        const { superuser } = broker;
        await createTopic(superuser, {
          topic: source,
          partitions: 1,
          replicationFactor: 1,
        });
        await withAdmin(superuser, {}, (admin) =>
          admin.createTopic({
            topic: `${source}.dlq`,
            partitions: 1,
            replicationFactor: 1,
            settings: { "cleanup.policy": "compact" },
          }));
        await sendRaw(superuser, source, [{ key: null, value: "garbage" }]);
        await broker.grantOnly(`User:${USER}`, [
          `TOPIC ${source} READ`,
          `GROUP ${group} READ`,
          `TOPIC ${source}.dlq WRITE`,
        ]);
        const { code, stderr } = await run(login, "consume", [
          "--topic",
          source,
          ...drain,
        ]);
        assertEquals(code, 1, stderr);
        assertMatch(
          stderr,
          /Error: Topic '\S+\.dlq' refuses a dead letter: .+\n {2}Set cleanup\.policy=delete on it\. A user with the rights DescribeConfigs and AlterConfigs/,
        );
      },
    );

    await context.step(
      "topic needs Describe and Create on the topic",
      async () => {
        const attempt = async (
          operations: readonly ("DESCRIBE" | "CREATE")[],
        ) => {
          const name = `${topic}-fresh-${fresh++}`;
          const rights = operations.map((what): Right =>
            `TOPIC ${name} ${what}`
          );
          await broker.grantOnly(`User:${USER}`, rights);
          return ["--topic", name];
        };
        const args = await attempt(["DESCRIBE", "CREATE"]);
        const { code, stderr } = await run(login, "topic", args);
        assertEquals(code, 0, stderr);
        for (const left of ["DESCRIBE", "CREATE"] as const) {
          const args = await attempt([left]);
          const stderr = await refused(login, "topic", args, {
            debug: left === "CREATE",
          });
          assertMatch(stderr, noRight("topic"));
        }
      },
    );

    for (const { name, task, args, rights, before } of tasks) {
      // The most telling case first: once a letter was written, its topic is there and needs no right to be made.
      for (const [index, missing] of rights.entries()) {
        await context.step(
          `${name} without ${
            missing.replaceAll(topic, "TOPIC").replaceAll(group, "GROUP")
          } says so in a line`,
          async () => {
            await before?.();
            await broker.grantOnly(
              `User:${USER}`,
              rights.filter((right) => right !== missing),
            );
            const kind = missing.startsWith("TOPIC")
              ? "topic"
              : "consumer group";
            // The next refusals of the same task go the same way.
            const stderr = await refused(login, task, args, {
              debug: index === 0,
            });
            assertMatch(stderr, noRight(kind));
          },
        );
      }
      await context.step(
        `${name} needs ${rights.length} rights and no others`,
        async () => {
          await broker.grantOnly(`User:${USER}`, rights);
          const { code, stderr } = await run(login, task, [...args, "--debug"]);
          assertEquals(code, 0, stderr);
        },
      );
    }
  },
);

securityTest(
  "a registry with logins and certificates",
  async (bench, context) => {
    await using scratch = await scratchFolder();
    const folder = scratch.path;
    const authority = await Authority.create(folder, "authority");
    const stranger = await Authority.create(folder, "stranger");
    const certified = await authority.sign({ name: "localhost" });
    const otherName = await authority.sign({ name: "registry.example" });
    const expired = await authority.sign({ name: "localhost", days: -1 });
    const tokenFile = `${folder}/token`;
    await Deno.writeTextFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
    await makeTopic(bench, 1);
    const brokers = bench.config.brokers[0] ?? "";
    const basic = `Basic ${btoa(`${USER}:${PASSWORD}`)}`;
    const asUser = {
      SCHEMA_REGISTRY_USERNAME: USER,
      SCHEMA_REGISTRY_PASSWORD: PASSWORD,
    };
    const trusting = { SCHEMA_REGISTRY_CA_FILE: authority.own.certFile };
    const at = (proxy: RegistryProxy, env: Variables): RunOptions => ({
      brokers,
      registryUrl: proxy.url,
      env,
      reach: [proxy.host],
      folder,
    });
    const wanted = ["--topic", bench.topic];
    const args = [...wanted, "--count", "1"];

    const kinds: [
      string,
      string | undefined,
      Certified | undefined,
      Variables,
    ][] = [
      ["a user and password", basic, undefined, asUser],
      ["a user and password over TLS", basic, certified, {
        ...asUser,
        ...trusting,
      }],
      ["a token over TLS", `Bearer ${TOKEN}`, certified, {
        SCHEMA_REGISTRY_TOKEN: TOKEN,
        ...trusting,
      }],
      ["a token in a file", `Bearer ${TOKEN}`, undefined, {
        SCHEMA_REGISTRY_TOKEN_FILE: tokenFile,
      }],
      ["TLS and no login", undefined, certified, trusting],
    ];
    for (const [name, authorization, cert, env] of kinds) {
      await context.step(`produce and consume go through ${name}`, async () => {
        await using proxy = new RegistryProxy(bench.config.registryUrl, {
          ...(authorization && { authorization }),
          ...(cert && { certified: cert }),
        });
        const sent = await run(at(proxy, env), "produce", [
          ...[...args, "--json", "--debug"],
        ]);
        assertEquals(sent.code, 0, sent.stderr);
        assert(!sent.stderr.includes("Warning"), sent.stderr);
        const got = await run(at(proxy, env), "consume", [
          ...[...args, "--group", bench.group, "--json", "--debug"],
        ]);
        assertEquals(got.code, 0, got.stderr);
        assertEquals(got.stdout, sent.stdout);
      });
    }

    for (const refusal of [401, 403] as const) {
      for (
        const [name, env] of [
          ["a wrong password", {
            ...asUser,
            SCHEMA_REGISTRY_PASSWORD: "hunter2",
          }],
          ["a wrong token", { SCHEMA_REGISTRY_TOKEN: "hunter2" }],
          ["no login", {}],
        ] as [string, Variables][]
      ) {
        await context.step(
          `${name} is told in a line by HTTP ${refusal}, though the registry repeats it`,
          async () => {
            await using proxy = new RegistryProxy(bench.config.registryUrl, {
              authorization: basic,
              refusal,
            });
            const stderr = await refused(at(proxy, env), "produce", args);
            assertMatch(stderr, new RegExp(`HTTP ${refusal}`));
          },
        );
      }
    }

    const untrusted =
      /^Error: The certificate of the Schema Registry at localhost:\d+ is not signed by a trusted authority\n.*SCHEMA_REGISTRY_CA_FILE/;
    const bad: [string, Certified, Variables, RegExp][] = [
      ["an unknown authority", certified, {
        ...asUser,
        SCHEMA_REGISTRY_CA_FILE: stranger.own.certFile,
      }, untrusted],
      ["an authority that isn't named", certified, asUser, untrusted],
      ["an unknown authority where Node would be told to trust it", certified, {
        ...asUser,
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
      }, untrusted],
      [
        "a certificate that has expired",
        expired,
        { ...asUser, ...trusting },
        /^Error: The certificate of the Schema Registry at localhost:\d+ has expired\n/,
      ],
      [
        "a certificate for another name",
        otherName,
        { ...asUser, ...trusting },
        /^Error: The certificate of the Schema Registry at localhost:\d+ is for another name\n/,
      ],
    ];
    for (const [name, cert, env, message] of bad) {
      await context.step(`${name} is told in a line`, async () => {
        await using proxy = new RegistryProxy(bench.config.registryUrl, {
          authorization: basic,
          certified: cert,
        });
        assertMatch(await refused(at(proxy, env), "produce", args), message);
      });
    }

    await context.step(
      "http to a port for https, and https to one for http, are told in a line",
      async () => {
        await using secured = new RegistryProxy(bench.config.registryUrl, {
          certified,
        });
        await using plain = new RegistryProxy(bench.config.registryUrl);
        const swap = (
          proxy: RegistryProxy,
          scheme: string,
          env: Variables,
        ) => ({
          ...at(proxy, env),
          registryUrl: `${scheme}://${proxy.host}`,
        });
        assertMatch(
          await refused(swap(secured, "http", {}), "produce", args),
          /^Error: The Schema Registry at localhost:\d+ speaks https, and its URL says otherwise\n/,
        );
        assertMatch(
          await refused(swap(plain, "https", trusting), "produce", args),
          /^Error: The Schema Registry at localhost:\d+ speaks http, and its URL says otherwise\n/,
        );
      },
    );
  },
);
