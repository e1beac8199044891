/**
 * Which topics a task may use for events.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import { checkTopicName } from "../kafka/topic.ts";
import { textFlag } from "./flags.ts";

/** The row of a task's flag table for the topic of its events. */
export const TOPIC_FLAG = textFlag(
  "NAME",
  "the topic; the event's own by default",
);

/** What a topic of dead letters ends in. */
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
