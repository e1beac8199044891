/**
 * `deno task schema`: looks at the registry's schemas, and changes them.
 *
 * @module
 */

import { COMPATIBILITY_LEVELS, SchemaCatalog } from "../operate/schemas.ts";
import { EXIT, task, taskOfWords, wrongValue } from "./command.ts";
import { integerFlag, textFlag } from "./flags.ts";
import { errors, printLine } from "./output.ts";
import { readSchemaFile } from "./schema_file.ts";
import {
  describeCompatibility,
  describeLevel,
  describeSchema,
  describeSubjects,
} from "./schema_report.ts";
import { CONNECTION_FLAGS, connectionFrom, JSON_FLAG } from "./task_flags.ts";

const SUBJECT_FLAG = textFlag(
  "NAME",
  "the subject: TOPIC-value; by default that of the event whose schema has the same title",
);

function connect(
  flags: Parameters<typeof connectionFrom>[0],
): Promise<SchemaCatalog> {
  const { config, ...options } = connectionFrom(flags);
  return SchemaCatalog.connect(config, options);
}

const list = task({
  name: "schema list",
  summary: "Lists the subjects: their versions, ids and compatibility levels.",
  flags: {
    json: JSON_FLAG,
    ...CONNECTION_FLAGS,
  },
  examples: [["deno task schema list", "What the registry has"]],
}, async (flags) => {
  const subjects = await (await connect(flags)).list();
  if (!flags.json) return printLine(describeSubjects(subjects));
  for (const { latest: { subject, id, type }, versions, level } of subjects) {
    printLine(JSON.stringify({ subject, versions, id, type, level }));
  }
});

const show = task({
  name: "schema show",
  arguments: ["SUBJECT"],
  summary: "Prints a subject's schema: the newest version, or another one.",
  flags: {
    version: integerFlag("N", "the version; the newest by default", {
      min: 1,
      max: 2 ** 31 - 1,
    }),
    ...CONNECTION_FLAGS,
  },
  examples: [[
    "deno task schema show demo-value --version 1",
    "The first schema of the topic demo",
  ]],
}, async (flags, [subject]) => {
  const found = await (await connect(flags)).show(subject, flags.version);
  errors.print(
    `${subject}, version ${found.version}, id ${found.id}, ${found.type}:`,
  );
  printLine(describeSchema(found));
});

const check = task({
  name: "schema check",
  arguments: ["FILE"],
  summary:
    "Asks the registry whether a schema may be added to a subject, and says why not. Registers nothing.",
  flags: { subject: SUBJECT_FLAG, ...CONNECTION_FLAGS },
  examples: [[
    "deno task schema check schemas/loyalty_scan.schema.json",
    "May this be the next version?",
  ]],
}, async (flags, [file]) => {
  const { schema, subject } = await readSchemaFile(file, flags.subject);
  const result = await (await connect(flags)).check(subject, schema);
  printLine(describeCompatibility(subject, result));
  return result.compatible ? EXIT.done : EXIT.failed;
});

const register = task({
  name: "schema register",
  arguments: ["FILE"],
  summary:
    "Registers a schema as the next version of a subject, if it is compatible.",
  flags: { subject: SUBJECT_FLAG, ...CONNECTION_FLAGS },
  examples: [[
    "deno task schema register scan.schema.json --subject scans-value",
    "The schema of the topic scans",
  ]],
}, async (flags, [file]) => {
  const { schema, subject } = await readSchemaFile(file, flags.subject);
  const catalog = await connect(flags);
  const result = await catalog.check(subject, schema);
  if (!result.compatible || result.registered) {
    printLine(describeCompatibility(subject, result));
    return result.compatible ? EXIT.done : EXIT.failed;
  }
  const { version, id } = await catalog.register(subject, schema);
  printLine(`Registered ${subject}, version ${version}, id ${id}.`);
  return EXIT.done;
});

const compatibility = task({
  name: "schema compatibility",
  arguments: ["[LEVEL]"],
  summary: `Shows or sets the level by which a new version is checked: ${
    COMPATIBILITY_LEVELS.join(", ")
  }.`,
  flags: {
    subject: textFlag(
      "NAME",
      "the subject; without it, the level of all that have none of their own",
    ),
    ...CONNECTION_FLAGS,
  },
  examples: [[
    "deno task schema compatibility BACKWARD --subject demo-value",
    "New versions must read what was written before",
  ]],
}, async (flags, [given]) => {
  const level = given?.toUpperCase();
  if (
    level !== undefined && !COMPATIBILITY_LEVELS.some((one) => one === level)
  ) {
    throw wrongValue({
      name: "LEVEL",
      given: level,
      choices: COMPATIBILITY_LEVELS,
    });
  }
  const catalog = await connect(flags);
  if (level !== undefined) await catalog.setLevel(level, flags.subject);
  const now = await catalog.level(flags.subject);
  printLine(`${flags.subject ?? "All subjects"}: ${describeLevel(now)}.`);
});

/** The command. */
export const schemaCommand = taskOfWords({
  name: "schema",
  summary: "Looks at the registry's schemas, and adds to them.",
  words: { list, show, check, register, compatibility },
  examples: [[
    "deno task schema check new.schema.json --subject demo-value",
    "May it be the topic's next schema?",
  ]],
});
