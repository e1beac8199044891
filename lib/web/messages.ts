/**
 * A topic's messages for the page.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import {
  type DeadLetterInfo,
  placeWord,
} from "../consume/dead_letters/dead_letter.ts";
import { keyText } from "../events/record.ts";
import type { SchemaId } from "../events/wire_format.ts";
import { messageFilter, parseFieldValue } from "../operate/message_filter.ts";
import { type ReadOptions, readPage } from "../operate/message_page.ts";
import type { Places } from "../operate/message_search.ts";
import { parseOffsetTarget } from "../operate/offset_target.ts";
import type { PeekedMessage } from "../operate/peeked_message.ts";
import type {
  LetterAnswer,
  MessageAnswer,
  MessagesAnswer,
  MessageValue,
} from "./api.ts";
import { numberOf } from "./parameters.ts";
import type { Pipeline, SchemaNames } from "./pipeline.ts";

/** How many messages are in an answer at most, and without a limit of its own. */
const [MAX_LIMIT, DEFAULT_LIMIT] = [1_000, 100];
/** How many bytes of a value are in an answer. */
const MAX_BYTES = 65_536;
/** The latest time that a calendar has, in milliseconds since the epoch. */
const MAX_TIME_MS = 8_640_000_000_000_000;

/** Which messages are asked for. The newest are without `from`. */
type MessageQuery = Pick<
  ReadOptions,
  "topic" | "partition" | "from" | "places" | "matches"
>;

/**
 * Reads which messages are asked for.
 *
 * @throws {UsageError} If one of them is wrong.
 */
export function messageQuery(
  topic: string,
  parameters: URLSearchParams,
): MessageQuery {
  const from = parameters.get("from") || "newest";
  const target = from === "newest" ? undefined : parseOffsetTarget(from);
  if (from !== "newest" && !target) {
    throw new UsageError(
      `from is newest, earliest, an offset or a time in ISO 8601: "${from}"`,
    );
  }
  const fields = parameters.getAll("where").filter(Boolean).map((text) => {
    const found = parseFieldValue(text);
    if (!found) throw new UsageError(`where is FIELD=VALUE: "${text}"`);
    return found;
  });
  const key = parameters.get("key") || undefined;
  const cursor = parameters.get("cursor");
  return {
    topic,
    partition: numberOf(parameters, "partition", { max: 2 ** 31 - 1 }),
    from: target,
    places: cursor ? readCursor(cursor) : undefined,
    matches: messageFilter({ key, fields }),
  };
}

/**
 * Reads a page of messages.
 *
 * @throws {PipelineError} If a parameter is wrong, there is no such topic, or Kafka can't be reached.
 */
export async function messagesAnswer(
  pipeline: Pipeline,
  topic: string,
  parameters: URLSearchParams,
): Promise<MessagesAnswer> {
  const limit = numberOf(parameters, "limit", { min: 1, max: MAX_LIMIT });
  const query = messageQuery(topic, parameters);
  const page = await pipeline.run(() =>
    readPage(pipeline.config, {
      ...pipeline.connection,
      ...query,
      back: query.from === undefined,
      limit: limit ?? DEFAULT_LIMIT,
      decoder: pipeline.decoder,
    })
  );
  const write = await messageWriter(pipeline, page.messages);
  return {
    messages: page.messages.map(write),
    hasMore: page.next !== undefined,
    read: page.read,
    next: page.next ? writeCursor(page.next) : null,
    ends: writeCursor(page.ends),
  };
}

/** Writes places in one word, such as `0-42.1-17`. */
function writeCursor(places: Places): string {
  return [...places].map(([partition, offset]) => `${partition}-${offset}`)
    .join(".");
}

function readCursor(text: string): Places {
  if (!/^\d{1,10}-\d{1,19}(\.\d{1,10}-\d{1,19})*$/.test(text)) {
    throw new UsageError("cursor is not one of this server's");
  }
  return new Map(
    text.split(".").map((place) => {
      const [partition, offset] = place.split("-") as [string, string];
      return [Number(partition), BigInt(offset)];
    }),
  );
}

/**
 * Finds the subjects of messages' schemas, and makes a function that writes these messages.
 *
 * @param pipeline Where the registry is. Without it, subjects are missing.
 */
export async function messageWriter(
  pipeline: Pipeline,
  messages: readonly PeekedMessage[],
): Promise<(message: PeekedMessage) => MessageAnswer> {
  const schemas = new Map<SchemaId, SchemaNames>();
  for (const { topic, decoded } of messages) {
    if (!("event" in decoded) || schemas.has(decoded.schemaId)) continue;
    const { schemaId } = decoded;
    schemas.set(schemaId, await pipeline.schemaNames(schemaId, topic));
  }
  return (message) => writeMessage(message, schemas);
}

function writeMessage(
  message: PeekedMessage,
  schemas: ReadonlyMap<SchemaId, SchemaNames>,
): MessageAnswer {
  const { partition, offset, timestamp, key, value, headers, letter } = message;
  return {
    partition,
    offset,
    at: timestamp < 0 || timestamp > MAX_TIME_MS ? null : timestamp,
    key: keyText(key),
    headers: headers.map(([name, bytes]) => [
      name,
      bytes && (decodeUtf8(bytes) ?? `0x${bytes.toHex()}`),
    ]),
    value: writeValue(message, schemas),
    bytes: value && value.subarray(0, MAX_BYTES).toBase64(),
    size: value?.length ?? 0,
    ...(letter && { letter: writeLetter(letter) }),
  };
}

function writeValue(
  { decoded, value }: PeekedMessage,
  schemas: ReadonlyMap<SchemaId, SchemaNames>,
): MessageValue | null {
  if ("event" in decoded) {
    const { event, schemaId: id } = decoded;
    return { event, schema: { id, ...schemas.get(id) } };
  }
  return value === null && decoded.problem === undefined
    ? null
    : { problem: decoded.problem ?? "" };
}

/** Writes why a message is among dead letters. */
export function writeLetter(letter: DeadLetterInfo): LetterAnswer {
  const { origin, reason, setAsideAt, group, attempts } = letter;
  return {
    place: origin ? placeWord(origin) : null,
    reason: reason ?? null,
    at: setAsideAt ?? null,
    group: group ?? null,
    attempts,
  };
}
