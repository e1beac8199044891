/**
 * `docker-compose.yml` is valid, and says what the rest of the project and its README count on. No Docker needed.
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
import { load as parseYaml } from "js-yaml";
import {
  brokerProperties,
  COMPOSE_TEXT,
  composeSpecErrors,
  readComposeFile,
} from "./support/compose_file.ts";

const file = readComposeFile();
/** The services that start without a profile. */
const usual = Object.entries(file.services).filter(([, { profiles }]) =>
  profiles === undefined
);
/** Those of three brokers. */
const cluster = ["broker-1", "broker-2", "broker-3"];

function service(name: string) {
  const found = file.services[name];
  assert(found, `docker-compose.yml has no service '${name}'`);
  return found;
}

function seconds(duration: string): number {
  assertMatch(duration, /^\d+s$/);
  return Number.parseInt(duration);
}

Deno.test("docker-compose.yml is valid by the Compose Specification", () => {
  assertEquals(composeSpecErrors(file), []);
  // As it stands too, with the variables not yet filled in.
  assertEquals(composeSpecErrors(parseYaml(COMPOSE_TEXT)), []);
});

const broken: [what: string, from: string, to: string][] = [
  ["a misspelt key", "container_name:", "containername:"],
  ["a misspelt part of a health check", "start_period:", "startperiod:"],
  ["an unknown condition", "service_healthy", "service_ready"],
  [
    "ports that are not a list",
    '- "127.0.0.1:${KAFKA_UI',
    '"127.0.0.1:${KAFKA_UI',
  ],
  [
    "a section that Compose does not know",
    "volumes:\n  kafka",
    "volume:\n  kafka",
  ],
];
for (const [what, from, to] of broken) {
  Deno.test(`composeSpecErrors() refuses ${what}`, () => {
    const text = COMPOSE_TEXT.replaceAll(from, to);
    assertNotEquals(text, COMPOSE_TEXT);
    assertNotEquals(composeSpecErrors(parseYaml(text)), []);
  });
}

Deno.test("docker-compose.yml has the three containers under their names, and no other without a profile", () => {
  assertEquals(
    usual.map(([name, { container_name }]) => [
      name,
      container_name,
    ]),
    [
      ["broker", "broker-schema"],
      ["schema-registry", "schema-registry"],
      ["kafka-ui", "kafka-ui"],
    ],
  );
});

Deno.test("docker-compose.yml pins every image to one released version", () => {
  for (const { image } of Object.values(file.services)) {
    assertMatch(image, /^[a-z0-9.\/-]+:v?\d+\.\d+\.\d+$/);
  }
  // The two of one platform release are made for each other.
  assertEquals(
    service("broker").image.replace("cp-kafka", "cp-schema-registry"),
    service("schema-registry").image,
  );
  assertStringIncludes(service("broker").image, "confluentinc/cp-kafka:");
});

Deno.test("docker-compose.yml publishes 9092, 8081 and 8080, to this machine alone", () => {
  assertEquals(service("broker").ports, ["127.0.0.1:9092:9092"]);
  assertEquals(service("schema-registry").ports, ["127.0.0.1:8081:8081"]);
  assertEquals(service("kafka-ui").ports, ["127.0.0.1:8080:8080"]);
});

Deno.test("docker-compose.yml moves each port by its variable, and the advertised address with it", () => {
  const moved = readComposeFile({
    KAFKA_PORT: "19092",
    SCHEMA_REGISTRY_PORT: "18081",
    KAFKA_UI_PORT: "18080",
  });
  assertEquals(usual.map(([name]) => moved.services[name]?.ports), [
    ["127.0.0.1:19092:19092"],
    ["127.0.0.1:18081:8081"],
    ["127.0.0.1:18080:8080"],
  ]);
  const properties = brokerProperties(moved.services.broker!.environment);
  assertStringIncludes(properties.listeners!, "HOST://0.0.0.0:19092");
  assertStringIncludes(
    properties["advertised.listeners"]!,
    "HOST://localhost:19092",
  );
  assertEquals(composeSpecErrors(moved), []);
});

Deno.test("docker-compose.yml puts every container on kafka-network", () => {
  for (const { networks } of Object.values(file.services)) {
    assertEquals(networks, ["kafka-network"]);
  }
  // Without a name of its own it would be called after the project.
  assertEquals(file.networks, { "kafka-network": { name: "kafka-network" } });
});

Deno.test("docker-compose.yml keeps the broker's data in a named volume, where the broker writes it", () => {
  const { environment, volumes } = service("broker");
  assertEquals(volumes, [`kafka-data:${environment.KAFKA_LOG_DIRS}`]);
  // The image checks that its user can write to this very folder, whatever log.dirs says.
  assertEquals(environment.KAFKA_LOG_DIRS, "/var/lib/kafka/data");
  // The volume's name and the cluster's id must not depend on the folder of the checkout or on chance.
  assertEquals(file.name, "cafe-event-pipeline");
  assertMatch(String(environment.CLUSTER_ID), /^[A-Za-z0-9_-]{22}$/);
});

Deno.test("docker-compose.yml starts each service when those before it are healthy", () => {
  assertEquals(service("broker").depends_on, undefined);
  assertEquals(service("schema-registry").depends_on, {
    broker: { condition: "service_healthy" },
  });
  assertEquals(service("kafka-ui").depends_on, {
    broker: { condition: "service_healthy" },
    "schema-registry": { condition: "service_healthy" },
  });
});

Deno.test("docker-compose.yml checks every service's health by asking the service", () => {
  for (const name of ["broker", "schema-registry"]) {
    assertEquals(service(name).healthcheck.test.slice(0, 3), [
      "CMD",
      "bash",
      "-c",
    ]);
  }
  const script = (name: string) => service(name).healthcheck.test[3] ?? "";
  assertStringIncludes(script("broker"), "/dev/tcp/broker/29092");
  assertStringIncludes(script("schema-registry"), "GET /subjects HTTP/1.0");
  assertStringIncludes(script("schema-registry"), '"$status" = 200');
  const uiTest = service("kafka-ui").healthcheck.test;
  assertEquals(uiTest.slice(0, 2), ["CMD", "wget"]);
  assertEquals(uiTest.at(-1), "http://127.0.0.1:8080/actuator/health");
});

Deno.test("docker-compose.yml gives every service a minute at least to become healthy", () => {
  for (const { healthcheck } of Object.values(file.services)) {
    const patience = seconds(healthcheck.start_period) +
      healthcheck.retries * seconds(healthcheck.interval);
    assert(patience >= 60, `${patience} s until it counts as unhealthy`);
    assert(seconds(healthcheck.timeout) <= seconds(healthcheck.interval));
  }
});

Deno.test("docker-compose.yml limits every service's heap", () => {
  const heap = /^-Xms\d+m -Xmx\d+m$/;
  for (
    const [name, variable] of [
      ["broker", "KAFKA_HEAP_OPTS"],
      ["schema-registry", "SCHEMA_REGISTRY_HEAP_OPTS"],
      ["kafka-ui", "JAVA_OPTS"],
    ] as const
  ) assertMatch(String(service(name).environment[variable]), heap);
});

Deno.test("docker-compose.yml restarts a service that crashed, not one of before a reboot", () => {
  for (const { restart } of Object.values(file.services)) {
    assertMatch(restart, /^on-failure:\d+$/);
  }
});

Deno.test("docker-compose.yml has the broker answer this machine and the other containers", () => {
  const { environment, hostname } = service("broker");
  const properties = brokerProperties(environment);
  assertEquals(hostname, "broker");
  assertEquals(
    properties["advertised.listeners"],
    "INTERNAL://broker:29092,HOST://localhost:9092",
  );
  // Every container reaches it by the name and port of INTERNAL.
  assertStringIncludes(
    String(
      service("schema-registry").environment
        .SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS,
    ),
    "broker:29092",
  );
  assertEquals(
    service("kafka-ui").environment.KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS,
    "broker:29092",
  );
  assertEquals(
    service("kafka-ui").environment.KAFKA_CLUSTERS_0_SCHEMAREGISTRY,
    "http://schema-registry:8081",
  );
});

Deno.test("docker-compose.yml makes one node of Kafka do: KRaft, one replica, one partition of its own topics, no topic by mistake", () => {
  const properties = brokerProperties(service("broker").environment);
  assertEquals(properties["process.roles"], "broker,controller");
  assertEquals(
    properties["controller.quorum.voters"],
    `${properties["node.id"]}@broker:29093`,
  );
  for (
    const name of [
      "offsets.topic.replication.factor",
      "transaction.state.log.replication.factor",
      "transaction.state.log.min.isr",
      "share.coordinator.state.topic.replication.factor",
      "share.coordinator.state.topic.min.isr",
      "offsets.topic.num.partitions",
      "transaction.state.log.num.partitions",
      "share.coordinator.state.topic.num.partitions",
    ]
  ) assertEquals(properties[name], "1", name);
  assertEquals(properties["group.initial.rebalance.delay.ms"], "0");
  assertEquals(properties["auto.create.topics.enable"], "false");
  // The image refuses to start with these, which other images take.
  for (
    const refused of ["port", "host", "advertised.port", "advertised.host"]
  ) {
    assertEquals(properties[refused], undefined);
  }
});

Deno.test("docker-compose.yml has a profile with three brokers, which differ in what names them only", () => {
  const inCluster = Object.entries(file.services).filter(([, { profiles }]) =>
    profiles?.includes("cluster")
  );
  assertEquals(inCluster.map(([name]) => name), [
    ...cluster,
    "cluster-registry",
  ]);
  const anonymous = cluster.map((name, index) => {
    const id = index + 1;
    const { environment, ports, volumes, container_name, ...rest } = service(
      name,
    );
    assertEquals(container_name, name);
    assertEquals(ports, [`127.0.0.1:${9091 + id}:${9091 + id}`]);
    assertEquals(volumes, [`kafka-data-${id}:/var/lib/kafka/data`]);
    const properties = brokerProperties(environment);
    assertEquals(properties["node.id"], String(id));
    assertEquals(
      properties["advertised.listeners"],
      `INTERNAL://${name}:29092,HOST://localhost:${9091 + id}`,
    );
    // The voters are the same for all, and checked below.
    const { "controller.quorum.voters": _, "node.id": __, ...others } =
      properties;
    return JSON.stringify({ others, rest }).replaceAll(name, "NAME")
      .replaceAll(new RegExp(`\\b${9091 + id}\\b`, "g"), "PORT");
  });
  assertEquals(new Set(anonymous).size, 1, anonymous.join("\n"));
  assertEquals(Object.keys(file.volumes).length, 1 + cluster.length);
});

Deno.test("docker-compose.yml has the cluster's brokers vote for a controller, and keep two copies of what they acknowledge", () => {
  const voters = cluster.map((name, index) => `${index + 1}@${name}:29093`)
    .join(",");
  for (const name of cluster) {
    const properties = brokerProperties(service(name).environment);
    assertEquals(properties["controller.quorum.voters"], voters);
  }
  const properties = brokerProperties(service("broker-1").environment);
  const single = brokerProperties(service("broker").environment);
  for (
    const name of Object.keys(properties).filter((name) =>
      /replication\.factor$|min\.isr$/.test(name)
    )
  ) {
    assertEquals(properties[name], name.endsWith("isr") ? "2" : "3", name);
    assertEquals(single[name], "1", name);
  }
  assertEquals(
    service("broker-1").image,
    service("broker").image,
  );
  const { depends_on, environment } = service("cluster-registry");
  assertEquals(Object.keys(depends_on ?? {}), cluster);
  assertEquals(
    environment.SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS,
    cluster.map((name) => `PLAINTEXT://${name}:29092`).join(","),
  );
});

Deno.test("readComposeFile() takes the default of a variable that is empty or not there", () => {
  assertEquals(readComposeFile({ KAFKA_PORT: "" }), readComposeFile());
});

Deno.test("brokerProperties() follows the image's rule for underscores", () => {
  assertEquals(
    brokerProperties({
      KAFKA_NODE_ID: 1,
      KAFKA_A__B_C___D: "x",
      KAFKA_HEAP_OPTS: "not a property",
      CLUSTER_ID: "not a property",
    }),
    { "node.id": "1", "a_b.c-d": "x" },
  );
});
