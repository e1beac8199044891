/**
 * What a dead letter is: the original message, untouched, and headers that say where it comes from and why it is here.
 *
 * The headers are Kafka Connect's (KIP-298), all UTF-8 text, numbers too, so that its tools can read them. How often a message
 * has been tried is not among them and has a header of its own.
 *
 * @module
 */

import { messageOf } from "../../base/errors.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import type { Message } from "../../kafka/message.ts";
import type { Header, OutgoingHeader, Position } from "../../events/record.ts";

const PREFIX = "__connect.errors.";

/** The header that counts how often a message has been tried, from 1. It stays with a message that is replayed. */
const ATTEMPTS_HEADER = "cafe.attempts";

/** The header that names the group that set the message aside. */
const GROUP_HEADER = "cafe.group";

/** The header with the time at which the message was set aside, in ISO 8601. */
const TIME_HEADER = "cafe.time";

/** The header with the time at which a message's value was changed by hand, in ISO 8601. It stays with the message. */
export const EDITED_HEADER = "cafe.edited";

/** The headers of a note among the letters: the message that was sent back, its letter's timestamp, and where it is now. */
const NOTE_HEADERS = {
  origin: "cafe.replayed",
  timestamp: "cafe.replayed.timestamp",
  to: "cafe.replayed.to",
} as const;

/** The header of a letter that is a whole compressed batch, which can't be read: the name of its codec. */
const BATCH_HEADER = "cafe.batch";

/** Which part of the work failed. */
export type Stage = "VALUE_CONVERTER" | "TASK_PUT";

/** How much of an error's text is kept, in UTF-16 units: a letter has to fit where its message did. */
const MAX_MESSAGE = 1_000;
const MAX_STACK = 4_000;

const COUNT = /^\d+$/;

/** Why a message is a dead letter, and where it was. */
export interface DeadLetterReason {
  readonly origin: Position;
  readonly error: unknown;
  /** At which part of the work: reading the message, or handling the event. */
  readonly stage: Stage;
}

/** What a letter's headers say. */
export interface DeadLetterInfo {
  /** Where the message was; undefined if a header is missing: then something else wrote it. */
  readonly origin: Position | undefined;
  /** At which part of the work it failed. */
  readonly stage: string | undefined;
  readonly reason: string | undefined;
  readonly group: string | undefined;
  /** When it was set aside, in milliseconds since the epoch. */
  readonly setAsideAt: number | undefined;
  readonly attempts: number;
  /** The codec, if the letter is a whole compressed batch, which can't be sent back. */
  readonly batch: string | undefined;
}

/** Names the topic for a topic's dead letters: the same name with `.dlq` behind it. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

/** Reads how often a message has been tried. Returns the count; 0 for a message that has never failed. */
export function attemptsOf(headers: readonly Header[]): number {
  const count = Number(textOf(headers, ATTEMPTS_HEADER));
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/** Reads a header's text; the last one's, if there are several. */
function textOf(headers: readonly Header[], name: string): string | undefined {
  const value = headers.findLast(([other]) => other === name)?.[1];
  return value ? decodeUtf8(value) : undefined;
}

/** The headers that say why a letter is here, without those of its message, which may have the same names. */
function ownHeaders(headers: readonly Header[]): readonly Header[] {
  const at = headers.findLastIndex(([name]) => name === `${PREFIX}topic`);
  return headers.slice(at + 1);
}

/** Makes a letter's headers: the message's own, in their sequence, and then why it is here. */
export function deadLetterHeaders(
  message: Message,
  reason: DeadLetterReason & { readonly group: string },
): OutgoingHeader[] {
  const { origin, error, stage, group } = reason;
  const name = error instanceof Error ? error.name : typeof error;
  const stack = error instanceof Error ? error.stack ?? "" : "";
  const own: OutgoingHeader[] = [
    [`${PREFIX}topic`, origin.topic],
    [`${PREFIX}partition`, String(origin.partition)],
    [`${PREFIX}offset`, origin.offset],
    [`${PREFIX}stage`, stage],
    [`${PREFIX}class.name`, "cafe-event-consumer"],
    [`${PREFIX}exception.class.name`, name],
    [
      `${PREFIX}exception.message`,
      messageOf(error).slice(0, MAX_MESSAGE).toWellFormed(),
    ],
    [
      `${PREFIX}exception.stacktrace`,
      stack.slice(0, MAX_STACK).toWellFormed(),
    ],
    [ATTEMPTS_HEADER, String(attemptsOf(message.headers) + 1)],
    [GROUP_HEADER, group],
    [TIME_HEADER, new Date().toISOString()],
  ];
  if (message.damaged) own.push([BATCH_HEADER, message.damaged.codec]);
  const replaced = new Set(own.map(([name]) => name));
  return [
    ...message.headers.filter(([name]) => !replaced.has(name)),
    ...own,
  ];
}

/** Reads what a letter's headers say. */
export function readDeadLetter(headers: readonly Header[]): DeadLetterInfo {
  const text = (name: string) => textOf(headers, PREFIX + name);
  const setAsideAt = Date.parse(textOf(headers, TIME_HEADER) ?? "");
  const topic = text("topic");
  const partition = text("partition") ?? "";
  const offset = text("offset") ?? "";
  const known = topic !== undefined && COUNT.test(partition) &&
    COUNT.test(offset);
  return {
    origin: known ? { topic, partition: Number(partition), offset } : undefined,
    stage: text("stage"),
    reason: text("exception.message"),
    group: textOf(headers, GROUP_HEADER),
    setAsideAt: Number.isNaN(setAsideAt) ? undefined : setAsideAt,
    attempts: attemptsOf(headers),
    batch: textOf(ownHeaders(headers), BATCH_HEADER),
  };
}

/** Makes the headers of a message that goes back to where it came from: its own, and the count of attempts. */
export function replayHeaders(headers: readonly Header[]): Header[] {
  return headers.filter(([name]) =>
    !name.startsWith(PREFIX) && name !== GROUP_HEADER && name !== TIME_HEADER
  );
}

/** A message that was sent back. */
export interface Replay {
  readonly origin: Position;
  /** Its letter's timestamp, in milliseconds since the epoch. */
  readonly timestamp: number;
  readonly to: Position;
}

/** Writes a place in one word, as people name it, such as `demo/1/42`. */
export function placeWord({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}/${offset}`;
}

/** Reads a place that is written in one word. Returns the place; undefined if it isn't one. */
export function parsePlaceWord(word: string | undefined): Position | undefined {
  const [, topic, partition, offset] =
    /^([^/]+)\/(\d{1,10})\/(\d{1,19})$/.exec(word ?? "") ?? [];
  return topic === undefined || offset === undefined
    ? undefined
    : { topic, partition: Number(partition), offset };
}

/** Makes the headers of a note that a message was sent back. */
export function replayNoteHeaders(replay: Replay): OutgoingHeader[] {
  return [
    [NOTE_HEADERS.origin, placeWord(replay.origin)],
    [NOTE_HEADERS.timestamp, String(replay.timestamp)],
    [NOTE_HEADERS.to, placeWord(replay.to)],
  ];
}

/** Reads a note that a message was sent back. Returns what it says; undefined if it is a letter, whatever headers its message had. */
export function readReplayNote(headers: readonly Header[]): Replay | undefined {
  if (headers.some(([name]) => name.startsWith(PREFIX))) return undefined;
  const origin = parsePlaceWord(textOf(headers, NOTE_HEADERS.origin));
  const to = parsePlaceWord(textOf(headers, NOTE_HEADERS.to));
  const timestamp = Number(textOf(headers, NOTE_HEADERS.timestamp));
  return origin && to && { origin, timestamp, to };
}
