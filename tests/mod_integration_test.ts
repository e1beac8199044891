/**
 * The library as another project uses it: imported by its path, from a folder outside the checkout, with an event of its own and
 * the permissions that README.md names.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pathToFileURL } from "node:url";
import { checkoutFolder } from "../lib/engine/paths.ts";
import { createTopic } from "../lib/kafka/topic.ts";
import { integrationTest } from "./support/integration.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { runDeno } from "./support/run_deno.ts";

const PROGRAM = `
import { consume, defineEvent, EventProducer, produce } from "pipeline";

const [topic = "", group = ""] = Deno.args;
const scans = defineEvent({
  name: "scan",
  topic,
  schema: {
    type: "object",
    properties: {
      card: { type: "string" },
      points: { type: "integer" },
      place: { enum: ["library", "main hall"] },
    },
    required: ["card", "points"],
    additionalProperties: false,
  },
  key: (scan) => scan.card,
});

await produce(scans, [
  { card: "C-1", points: 7 },
  { event: { card: "C-1", points: 2, place: "library" }, headers: [["till", "3"]] },
]);
await using producer = await EventProducer.connect(scans);
const { offset } = await producer.send({ card: "C-1", points: -9 });
let sum = 0;
const headers: string[] = [];
await consume(scans, ({ event, headers: list }) => {
  const points: number = event.points;
  sum += points;
  headers.push(...list.map(([name, value]) => name + "=" + new TextDecoder().decode(value ?? undefined)));
}, { group, count: 3, signal: AbortSignal.timeout(${PATIENCE_MS}) });
console.log(JSON.stringify({ offset, sum, headers }));
`;

integrationTest(
  "a project elsewhere imports the library by its path, defines an event, produces and consumes it",
  async ({ config, topic, group }) => {
    await createTopic(config, { topic, partitions: 1, replicationFactor: 1 });
    const folder = await Deno.makeTempDir();
    try {
      const library = pathToFileURL(`${checkoutFolder()}/lib/mod.ts`).href;
      await Deno.writeTextFile(
        `${folder}/deno.json`,
        JSON.stringify({ imports: { pipeline: library } }),
      );
      await Deno.writeTextFile(`${folder}/scans.ts`, PROGRAM);
      const checked = await runDeno(folder, ["check", "-q", "scans.ts"]);
      assertEquals([checked.code, checked.stderr], [0, ""]);
      const { host } = new URL(config.registryUrl);
      const ran = await runDeno(folder, [
        "run",
        "-q",
        "--no-prompt",
        `--allow-net=${[...config.brokers, host].join(",")}`,
        "--allow-sys=hostname",
        "--allow-env=KAFKA_BROKERS,SCHEMA_REGISTRY_URL",
        "--ignore-env",
        "scans.ts",
        topic,
        group,
      ]);
      assertEquals([ran.code, ran.stderr], [0, ""]);
      assertEquals(JSON.parse(ran.stdout), {
        offset: "2",
        sum: 0,
        headers: ["till=3"],
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
