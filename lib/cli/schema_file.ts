/**
 * A schema in a file, and the subject that it is for.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import type { JsonSchema } from "../events/from_schema.ts";
import {
  externalReferences,
  parseSchema,
  schemaEvent,
} from "../events/schema_event.ts";
import { openFile } from "../produce/sources/file.ts";
import { eventTypes } from "./event_choice.ts";
import { inputPath } from "./task_flags.ts";

/** Reads a schema; `-` is standard input. */
export async function readSchema(path: string): Promise<JsonSchema> {
  const stream = await openFile(inputPath(path));
  return parseSchema(await new Response(stream).text(), nameOf(path));
}

/**
 * Reads a schema's text without white space, as events are registered with it, and finds the subject that it is for.
 *
 * @param subject Without one, it is that of the event whose schema has the same title.
 */
export async function readSchemaFile(
  path: string,
  subject: string | undefined,
): Promise<{ readonly schema: string; readonly subject: string }> {
  const schema = await readSchema(path);
  // What it refers to outside of itself is the registry's to check.
  if (externalReferences(schema).length === 0) {
    schemaEvent(schema, { name: nameOf(path), topic: "" });
  }
  return {
    schema: JSON.stringify(schema),
    subject: subject ?? subjectFor(titleOf(schema), path),
  };
}

function nameOf(path: string): string {
  return path === "-" ? "standard input" : path;
}

function titleOf(schema: unknown): unknown {
  return Object(schema).title;
}

function subjectFor(title: unknown, path: string): string {
  const type = eventTypes().find(({ schemaText }) =>
    title !== undefined && titleOf(JSON.parse(schemaText)) === title
  );
  if (type) return `${type.topic}-value`;
  throw new UsageError(
    `--subject is missing: no known event's schema has the title of ${
      nameOf(path)
    }`,
    { hint: "The subject of a topic's schema is TOPIC-value." },
  );
}
