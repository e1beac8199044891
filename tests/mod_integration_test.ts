/**
 * The library as another project uses it: imported by its path, from a folder outside the checkout, with events and an aggregate of
 * its own and the permissions that README.md names.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pathToFileURL } from "node:url";
import { checkoutFolder } from "../lib/engine/paths.ts";
import { type Bench, integrationTest } from "./support/integration.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { README_MANIFEST, readmePrograms } from "./support/readme_programs.ts";
import { runDeno } from "./support/run_deno.ts";
import { makeTopic } from "./support/topics.ts";

/** Produces and consumes. */
const SCANS = `
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

/** Stores. */
const MEALS = `
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

/** A project outside the checkout, with both programs and those of README.md. Disposing of it removes it. */
async function makeProject(): Promise<
  AsyncDisposable & { readonly folder: string }
> {
  const folder = await Deno.makeTempDir();
  const library = pathToFileURL(`${checkoutFolder()}/lib/`).href;
  const files = {
    "deno.json": JSON.stringify({
      ...README_MANIFEST,
      imports: {
        ...README_MANIFEST.imports,
        pipeline: `${library}mod.ts`,
        "pipeline/store": `${library}store/mod.ts`,
      },
    }),
    ...await readmePrograms(),
    "scans.ts": SCANS,
    "meals.ts": MEALS,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return {
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Runs a program, and returns what it printed as JSON. */
async function runProgram(
  { config, topic, group }: Bench,
  name: string,
  permissions: readonly string[] = [],
): Promise<unknown> {
  await using project = await makeProject();
  const { host } = new URL(config.registryUrl);
  const { code, stdout, stderr } = await runDeno(project.folder, [
    "run",
    "-q",
    "--no-prompt",
    `--allow-net=${[...config.brokers, host].join(",")}`,
    "--allow-sys=hostname",
    "--allow-env=KAFKA_BROKERS,SCHEMA_REGISTRY_URL",
    "--ignore-env",
    ...permissions,
    name,
    topic,
    group,
  ]);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

integrationTest(
  "the types of a project elsewhere, and of README.md's programs, agree with those of the library that they import by its path",
  async () => {
    await using project = await makeProject();
    const { code, stderr } = await runDeno(project.folder, ["check", "-q"]);
    assertEquals([code, stderr], [0, ""]);
  },
);

integrationTest(
  "a project elsewhere imports the library by its path, defines an event, produces and consumes it",
  async (bench) => {
    await makeTopic(bench, 1);
    assertEquals(await runProgram(bench, "scans.ts"), {
      offset: "2",
      sum: 0,
      headers: ["till=3"],
    });
  },
);

integrationTest(
  "a project elsewhere stores an event of its own, with an aggregate of its own",
  async (bench) => {
    const { topic } = bench;
    await makeTopic(bench, 1);
    const permissions = ["--allow-read=.data", "--allow-write=.data"];
    const place = { topic, partition: 0 };
    const hour = { hall: "North", partition: 0 };
    const meal = { hall: "North", at: "2026-02-03T12:05:00Z", ...place };
    assertEquals(await runProgram(bench, "meals.ts", permissions), [
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
  },
);
