/**
 * The store as another project uses it: imported by its path, with an event and an aggregate of its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pathToFileURL } from "node:url";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { integrationTest } from "../support/integration.ts";
import { makeTopic } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const PROGRAM = `
import { DatabaseSync } from "node:sqlite";
import { defineEvent, produce } from "pipeline";
import { aggregate, count, max, store, sum, tumbling } from "pipeline/store";

const [topic = "", group = ""] = Deno.args;
const meals = defineEvent({
  name: "meal",
  topic,
  schema: {
    type: "object",
    properties: {
      hall: { type: "string" },
      guests: { type: "integer" },
      vegan: { type: "boolean" },
      price: { type: "number" },
      dishes: { type: "array", items: { type: "string" } },
      at: { type: "string" },
    },
    required: ["hall", "guests", "at"],
    additionalProperties: false,
  },
  key: (meal) => meal.hall,
  timeField: "at",
});
const mealHours = aggregate(meals, {
  name: "meal_hours",
  by: { hour: tumbling({ hours: 1 }), hall: (meal) => meal.hall },
  fold: { meals: count(), guests: sum((meal) => meal.guests), most: max((meal) => meal.guests) },
});

const meal = { hall: "North", guests: 2, at: "2026-02-03T12:05:00Z" };
await produce(meals, [
  { ...meal, vegan: true, price: 9.5, dishes: ["Soup", "Bread"] },
  { ...meal, guests: 5 },
  { ...meal, at: "2026-02-03T13:00:00Z" },
]);
const path = ".data/meals.db";
await store(meals, { aggregates: [mealHours] }, {
  database: { path }, group, count: 3, signal: AbortSignal.timeout(${PATIENCE_MS}),
});
using database = new DatabaseSync(path, { readOnly: true });
console.log(JSON.stringify([
  database.prepare("SELECT * FROM meal_hours ORDER BY hour").all(),
  database.prepare('SELECT * FROM meals ORDER BY "offset" LIMIT 2').all(),
]));
`;

integrationTest(
  "a project elsewhere stores an event of its own, with an aggregate of its own",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 1);
    const folder = await Deno.makeTempDir();
    try {
      const library = pathToFileURL(`${checkoutFolder()}/lib/`).href;
      const imports = {
        pipeline: `${library}mod.ts`,
        "pipeline/store": `${library}store/mod.ts`,
      };
      await Deno.writeTextFile(
        `${folder}/deno.json`,
        JSON.stringify({ imports }),
      );
      await Deno.writeTextFile(`${folder}/meals.ts`, PROGRAM);
      const { host } = new URL(config.registryUrl);
      const { stdout, stderr } = await new Deno.Command("deno", {
        args: [
          "run",
          "-q",
          "--check",
          "--no-prompt",
          `--allow-net=${[...config.brokers, host].join(",")}`,
          "--allow-sys=hostname",
          "--allow-read=.data",
          "--allow-write=.data",
          "--allow-env=KAFKA_BROKERS,SCHEMA_REGISTRY_URL",
          "--ignore-env",
          "meals.ts",
          topic,
          group,
        ],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assertEquals(text(stderr), "");
      const place = { topic, partition: 0 };
      const hour = { hall: "North", partition: 0 };
      const meal = { hall: "North", at: "2026-02-03T12:05:00Z", ...place };
      assertEquals(JSON.parse(text(stdout)), [
        [
          {
            ...hour,
            hour: "2026-02-03T12:00:00Z",
            meals: 2,
            guests: 7,
            most: 5,
            late: 0,
          },
          {
            ...hour,
            hour: "2026-02-03T13:00:00Z",
            meals: 1,
            guests: 2,
            most: 2,
            late: 0,
          },
        ],
        [
          {
            ...meal,
            guests: 2,
            vegan: 1,
            price: 9.5,
            dishes: '["Soup","Bread"]',
            offset: 0,
          },
          {
            ...meal,
            guests: 5,
            vegan: null,
            price: null,
            dishes: null,
            offset: 1,
          },
        ],
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
