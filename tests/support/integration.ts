/**
 * Tests on a real Kafka and a real registry: run where an engine is there, ignored with the reason where none is, as under a
 * bare `deno test`.
 *
 * @module
 */

import { type Config, resolveConfig } from "../../lib/settings/config.ts";
import { withAdmin } from "./kafkajs.ts";

/** What a broker test needs besides the engine. */
const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "env", variable: "KAFKA_BROKERS" },
  { name: "env", variable: "SCHEMA_REGISTRY_URL" },
  { name: "net", host: "localhost" },
  { name: "read" },
  { name: "run", command: "deno" },
];

/**
 * Tells why no engine is used.
 *
 * @returns The reason; nothing where the tests run.
 */
export function whyNoEngine(): string | undefined {
  const denied = NEEDS.some((need) =>
    Deno.permissions.querySync(need).state !== "granted"
  );
  // Only an engine that was named is used: tests make and remove topics, which nobody wants on a cluster by accident.
  const named = !denied && Deno.env.has("KAFKA_BROKERS") &&
    Deno.env.has("SCHEMA_REGISTRY_URL");
  return named ? undefined : "needs Kafka and a registry: run `deno task test`";
}

/** The engine under test, and what a test makes on it. */
export interface Bench {
  /** Where the engine is. */
  readonly config: Config;
  /** A topic name that no other test has; it is not created yet, and removed after the test. */
  readonly topic: string;
  /** A consumer group that no other test has. */
  readonly group: string;
}

/**
 * Registers a test that needs an engine. It has a topic and a group of its own, which are removed afterwards.
 *
 * @param name What it shows.
 * @param fn The test.
 * @param sanitizers Whether Deno requires that its timers and connections end with it: by default it does.
 */
export function integrationTest(
  name: string,
  fn: (bench: Bench, context: Deno.TestContext) => Promise<void> | void,
  sanitizers: Pick<
    Deno.TestDefinition,
    "sanitizeOps" | "sanitizeResources"
  > = {},
): void {
  const reason = whyNoEngine();
  Deno.test({
    ...sanitizers,
    name: reason ? `${name} (${reason})` : name,
    ignore: reason !== undefined,
    async fn(context) {
      const config = resolveConfig();
      const id = crypto.randomUUID();
      const bench = { config, topic: `test-${id}`, group: `group-${id}` };
      try {
        await fn(bench, context);
      } finally {
        await cleanUp(bench);
      }
    },
  });
}

async function cleanUp({ config, topic, group }: Bench): Promise<void> {
  await withAdmin(config, {}, async (admin) => {
    const topics = (await admin.listTopics()).filter((name) =>
      name.startsWith(topic)
    );
    if (topics.length > 0) await admin.deleteTopics({ topics });
    const { groups } = await admin.listGroups();
    const groupIds = groups.map(({ groupId }) => groupId).filter((id) =>
      id.startsWith(group)
    );
    // A member that was killed keeps its group from being removed until its session ends.
    if (groupIds.length > 0) await admin.deleteGroups(groupIds).catch(() => {});
  });
}
