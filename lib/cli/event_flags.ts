/**
 * Which kind of event a command is about: one that the program knows (`--event`), or one that a JSON Schema defines (`--schema`).
 *
 * @module
 */

import { basename } from "node:path";
import { UsageError } from "../base/errors.ts";
import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import { externalReferences, schemaEvent } from "../events/schema_event.ts";
import { checkTopicName } from "../kafka/topic.ts";
import { EventRegistry } from "../registry/registry.ts";
import { anyEvent, chooseEvent, EVENT_FLAG } from "./event_choice.ts";
import { type EventChoice, genericText } from "./event_text.ts";
import { textFlag } from "./flags.ts";
import { readSchema } from "./schema_file.ts";
import type { Connection } from "./task_flags.ts";

/** The row of a task's flag table for the topic of its events. */
export const TOPIC_FLAG = textFlag(
  "NAME",
  "the topic; the event's own by default",
);

const LETTERS = deadLetterTopic("");

/** Refuses a topic whose name is illegal, or that of a topic for dead letters or of Kafka's own. Returns all others. */
export function checkEventTopic(topic: string): string {
  checkTopicName(topic);
  if (topic.startsWith("__")) {
    throw new UsageError(`Topic '${topic}' is internal to Kafka`);
  }
  if (topic.endsWith(LETTERS)) {
    const source = topic.slice(0, -LETTERS.length);
    throw new UsageError(
      `Topic '${topic}' is for dead letters`,
      source
        ? { hint: `Use \`deno task dlq --topic ${source}\` to read them.` }
        : {},
    );
  }
  return topic;
}

/** The rows of a command's flag table for {@linkcode readEvent}. */
export const EVENT_FLAGS = {
  event: textFlag(
    "NAME",
    `the kind of event; ${EVENT_FLAG.default} by default`,
    { choices: EVENT_FLAG.choices },
  ),
  schema: textFlag(
    "FILE",
    "the JSON Schema of any other kind of event; - is standard input",
  ),
  "key-field": textFlag(
    "NAME",
    "with --schema: the field that is the key, such as id or guest.id",
  ),
  topic: TOPIC_FLAG,
};

/** What the flags of {@linkcode EVENT_FLAGS} say. */
export type EventFlagValues = {
  readonly [name in keyof typeof EVENT_FLAGS]?: string | undefined;
};

/** A kind of event, and the topic that it is in. */
export interface TopicChoice extends EventChoice {
  readonly topic: string;
}

/** Finds the kind of event that a command is about. The registry is asked only for what a schema refers to. */
export async function readEvent(
  flags: EventFlagValues,
  connection: Connection,
): Promise<TopicChoice> {
  const { event, schema: path, topic } = flags;
  const keyField = flags["key-field"];
  if (path === undefined) {
    if (keyField !== undefined) {
      throw new UsageError("--key-field goes with --schema");
    }
    const choice = chooseEvent(event ?? EVENT_FLAG.default);
    return { ...choice, topic: checkEventTopic(topic ?? choice.type.topic) };
  }
  if (event !== undefined) {
    throw new UsageError("--schema defines the event: leave out --event");
  }
  if (topic === undefined) {
    throw new UsageError("--schema needs --topic: the topic of its events");
  }
  checkEventTopic(topic);
  const schema = await readSchema(path);
  const names = externalReferences(schema);
  const references = names.length === 0
    ? []
    : await (await EventRegistry.connect(connection.config, connection))
      .references(names);
  const name = path === "-"
    ? topic
    : basename(path).replace(/(\.schema)?\.json$/i, "");
  const type = schemaEvent(schema, { name, topic, keyField, references });
  return { type, text: genericText(type), topic };
}

/** Finds the kind of event that a command shows. Where none is named, a topic other than the default may hold events of any kind. */
export async function readAnyEvent(
  flags: EventFlagValues,
  connection: Connection,
): Promise<TopicChoice> {
  const choice = await readEvent(flags, connection);
  const isNamed = flags.event !== undefined || flags.schema !== undefined;
  return isNamed || choice.topic === choice.type.topic
    ? choice
    : { ...anyEvent(), topic: choice.topic };
}
