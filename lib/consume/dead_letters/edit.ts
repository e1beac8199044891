/**
 * Changing the value of a message that was set aside.
 *
 * @module
 */

import { InvalidEventError, PipelineError } from "../../base/errors.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import type { EventType } from "../../events/event_type.ts";
import { parsePayload, unframe } from "../../events/wire_format.ts";
import type { EventRegistry } from "../../registry/registry.ts";
import {
  EventSerializer,
  type SchemaChoice,
} from "../../registry/serializer.ts";
import type { Config } from "../../settings/config.ts";
import { placeWord } from "./dead_letter.ts";
import {
  type DeadLetter,
  type DeadLetterOptions,
  isReplayable,
  listDeadLetters,
} from "./dlq.ts";

/** Finds a message that can still be sent back, by where it was, such as `demo/1/42`. It throws if there is none. */
export async function findLetter(
  config: Config,
  origin: string,
  options: DeadLetterOptions,
): Promise<DeadLetter> {
  let found: DeadLetter | undefined;
  await listDeadLetters(config, (letter) => {
    found = letter;
  }, options);
  if (!found) throw new PipelineError(`There is no dead letter of ${origin}`);
  if (found.replayedTo) {
    throw new PipelineError(
      `${origin} was sent back already: it is at ${
        placeWord(found.replayedTo)
      }`,
    );
  }
  if (isReplayable(found, options.topic)) return found;
  throw new PipelineError(`${origin} is a whole batch, and not a message`);
}

/**
 * Makes a function that turns a text into a message's value.
 *
 * @param type The kind of event that the text has to be.
 * @returns Encodes a text. It throws an {@linkcode InvalidEventError} if the text is not a valid event.
 * @throws {PipelineError} If the registry can't be reached, or doesn't have the schema.
 */
export async function letterEncoder<T>(
  registry: EventRegistry,
  type: EventType<T>,
  options: { readonly topic: string; readonly schema: SchemaChoice },
): Promise<(text: string) => Uint8Array> {
  const serializer = await EventSerializer.connect(registry, type, options);
  return (text) =>
    serializer.encode(parsePayload(new TextEncoder().encode(text))).value;
}

/** Writes a message's value for a person who changes it: an event in lines; what isn't one, as it is. */
export function letterText({ value }: DeadLetter): string {
  if (value === null) return "";
  try {
    const { payload } = unframe(value);
    return `${JSON.stringify(parsePayload(payload), null, 2)}\n`;
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return decodeUtf8(value) ?? "";
  }
}
