/**
 * Looking at a topic's dead letters, sending their messages back, and changing one by hand.
 *
 * Several groups may set the same message aside, each with a letter of its own: what counts is the message, by where it was. A
 * message that is sent back leaves a note among the letters, in the same partition. So it is sent once, however many groups set it aside, for as
 * long as the letters are kept: a group's offsets would be forgotten after a week.
 *
 * @module
 */

import type { Config } from "../../settings/config.ts";
import {
  type DeadLetterInfo,
  deadLetterTopic,
  EDITED_HEADER,
  parsePlaceWord,
  placeWord,
  readDeadLetter,
  readReplayNote,
  replayHeaders,
  replayNoteHeaders,
} from "./dead_letter.ts";
import {
  connectWithin,
  type KafkaClient,
  type KafkaOptions,
  useClient,
} from "../../kafka/client.ts";
import { isKafkaOutage, protocolCodeOf } from "../../kafka/errors.ts";
import type { OffsetRange } from "../../kafka/admin.ts";
import { requireLeaders } from "../../kafka/cluster_client.ts";
import type { Message } from "../../kafka/message.ts";
import type { Letter, MessageProducer } from "../../kafka/message_producer.ts";
import type {
  PartitionMessage,
  TopicReader,
} from "../../kafka/topic_reader.ts";
import { throughOutages, type WaitOptions } from "../../base/retry.ts";
import type { Header, Position } from "../../events/record.ts";
import { SCHEMA_ID_HEADER } from "../../events/wire_format.ts";
import { checkTopicName, missingTopic } from "../../kafka/topic.ts";

/** A message that was set aside. */
export interface DeadLetter
  extends
    DeadLetterInfo,
    Pick<Message, "timestamp" | "key" | "value" | "headers"> {
  readonly letter: Position;
  readonly lettersCount: number;
  readonly groups: readonly string[];
  /** Where it was sent back to; undefined if it wasn't. */
  readonly replayedTo: Position | undefined;
}

/** Which dead letters. */
export interface DeadLetterOptions extends KafkaOptions, WaitOptions {
  readonly topic: string;
  /** Tells which messages are meant; all by default. */
  readonly matches?: ((letter: DeadLetter) => boolean) | undefined;
  readonly signal?: AbortSignal;
}

/** How to send messages back. */
export interface ReplayOptions extends DeadLetterOptions {
  /** Whether nothing is sent. By default: `false`. */
  readonly dryRun?: boolean;
  /** The value to send. By default: the message's own. */
  readonly value?: Uint8Array;
}

/** How many messages were set aside. */
export interface DeadLetterCounts {
  readonly matching: number;
  /** How many were not sent back, whether they match or not. */
  readonly left: number;
}

/** What became of a replay. */
export interface ReplaySummary {
  /** How many messages were sent back, or would be. */
  readonly replayed: number;
  /** How many can't be: a whole batch, or what wrote the letter didn't say where it comes from. */
  readonly skipped: number;
  /** How many were not sent back, whether they match or not. */
  readonly left: number;
}

/** What is known of a message besides its newest letter. */
interface Entry {
  lettersCount: number;
  readonly groups: Set<string>;
  newest: string;
  replayedTo: Position | undefined;
}

interface Session {
  readonly kafka: KafkaClient;
  readonly reader: TopicReader;
  readonly letters: string;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
}

/** Runs some work if the topic of the letters exists; otherwise there is nothing to do. */
async function withLetters<T>(
  config: Config,
  options: DeadLetterOptions,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const letters = deadLetterTopic(checkTopicName(options.topic));
  return await useClient(config, {
    clientId: "cafe-event-dlq",
    ...options,
    make: (kafka) => kafka.reader(),
    action: `Reading ${letters}`,
  }, async ({ kafka, client: reader, untilAnswered }) => {
    const ranges = await untilAnswered(async () => {
      const found = await reader.ranges(letters);
      if (!found) await refuseMissing(reader, options.topic);
      return found && requireLeaders(letters, found);
    });
    return ranges && await work({ kafka, reader, letters, ranges });
  });
}

/** A topic that doesn't exist has no letters either, but usually its name is mistyped. */
async function refuseMissing(
  reader: TopicReader,
  topic: string,
): Promise<void> {
  try {
    if (await reader.ranges(topic)) return;
  } catch (error) {
    // Reading letters takes no right on the topic itself.
    if (protocolCodeOf(error) === "TOPIC_AUTHORIZATION_FAILED") return;
    throw error;
  }
  throw missingTopic(topic, await reader.topicNames());
}

/** Lists the messages that were set aside, each with its newest letter, and leaves no trace. Undefined if no topic of letters exists. */
export async function listDeadLetters(
  config: Config,
  onLetter: (letter: DeadLetter) => void | Promise<void>,
  options: DeadLetterOptions,
): Promise<DeadLetterCounts | undefined> {
  return await withLetters(config, options, async (session) => {
    const { matches } = options;
    const entries = await readEntries(session, options);
    let matching = 0;
    for await (const letter of readNewest(session, entries, options)) {
      if (matches && !matches(letter)) continue;
      matching++;
      await onLetter(letter);
    }
    return { matching, left: countLeft(entries) };
  });
}

/**
 * Sends messages back to where they came from, each once. After a crash between the message and its note, it is sent once more.
 *
 * The key, the value and the message's own headers go back as they are, with the count of attempts; the timestamp is that of
 * the sending, so that retention doesn't remove an old message immediately.
 *
 * @param onReplayed Called for each message that matches and was not sent back yet: where it is now; undefined if nothing was sent,
 * as `dryRun` is set or it can't be.
 * @returns How many were sent back; undefined if the topic of the letters doesn't exist.
 * @throws {PipelineError} If Kafka can't be reached, or refuses.
 */
export async function replayDeadLetters(
  config: Config,
  onReplayed: (
    letter: DeadLetter,
    to: Position | undefined,
  ) => void | Promise<void>,
  options: ReplayOptions,
): Promise<ReplaySummary | undefined> {
  return await withLetters(config, options, async (session) => {
    const { matches, dryRun = false } = options;
    const source = await session.reader.ranges(options.topic);
    if (!source) throw missingTopic(options.topic);
    const entries = await readEntries(session, options);
    const producer = session.kafka.producer();
    let replayed = 0;
    let skipped = 0;
    try {
      if (!dryRun) await connectWithin(producer, config, options);
      for await (const letter of readNewest(session, entries, options)) {
        if (letter.replayedTo || matches && !matches(letter)) continue;
        const isSent = isReplayable(letter, options.topic);
        const to = isSent && !dryRun
          ? await sendBack(
            letter,
            { producer, partitionsCount: source.size },
            options,
          )
          : undefined;
        if (isSent && !dryRun && !to) break;
        if (isSent) replayed++;
        else skipped++;
        await onReplayed(letter, to);
      }
    } finally {
      await producer.disconnect().catch(() => {});
    }
    const left = countLeft(entries) - (dryRun ? 0 : replayed);
    return { replayed, skipped, left };
  });
}

/** Tells whether a message can be sent back: it comes from the topic, and is not a whole batch. */
export function isReplayable<L extends DeadLetterInfo>(
  letter: L,
  topic: string,
): letter is L & { readonly origin: Position } {
  return letter.origin?.topic === topic && letter.batch === undefined;
}

/** Tells messages apart: a topic that was deleted and created again has the same places, but other times. */
function entryKey(origin: Position, timestamp: number): string {
  return `${placeWord(origin)}@${timestamp}`;
}

function keyOf(read: PartitionMessage, info: DeadLetterInfo): string {
  return info.origin
    ? entryKey(info.origin, read.message.timestamp)
    : newestOf(read);
}

function newestOf({ partition, message }: PartitionMessage): string {
  return `${partition}/${message.offset}`;
}

function countLeft(entries: ReadonlyMap<string, Entry>): number {
  return entries.values()
    .filter((entry) => entry.lettersCount > 0 && !entry.replayedTo)
    .reduce((count) => count + 1, 0);
}

function readLetters(
  { reader, letters, ranges }: Session,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionMessage> {
  const spans = [...ranges].map((
    [partition, { low, high }],
  ) => [partition, { from: low, to: high }] as const);
  return reader.read(letters, { spans: new Map(spans), signal });
}

/** Reads all letters and notes, and keeps what takes little memory. */
async function readEntries(
  session: Session,
  { signal }: DeadLetterOptions,
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const read of readLetters(session, signal)) {
    const { headers } = read.message;
    const note = readReplayNote(headers);
    const info = readDeadLetter(headers);
    const key = note
      ? entryKey(note.origin, note.timestamp)
      : keyOf(read, info);
    const entry = entries.get(key) ?? {
      lettersCount: 0,
      groups: new Set(),
      newest: "",
      replayedTo: undefined,
    };
    entries.set(key, entry);
    if (note) {
      entry.replayedTo = note.to;
      continue;
    }
    entry.lettersCount++;
    entry.newest = newestOf(read);
    if (info.group !== undefined) entry.groups.add(info.group);
  }
  return entries;
}

/** Reads the letters again, the newest one of each message. */
async function* readNewest(
  session: Session,
  entries: ReadonlyMap<string, Entry>,
  { signal }: DeadLetterOptions,
): AsyncGenerator<DeadLetter> {
  for await (const read of readLetters(session, signal)) {
    const { partition, message } = read;
    if (readReplayNote(message.headers)) continue;
    const info = readDeadLetter(message.headers);
    const entry = entries.get(keyOf(read, info));
    if (entry?.newest !== newestOf(read)) continue;
    yield {
      ...message,
      ...info,
      letter: { topic: session.letters, partition, offset: message.offset },
      lettersCount: entry.lettersCount,
      groups: [...entry.groups].sort(),
      replayedTo: entry.replayedTo,
    };
  }
}

/** Sends a message back and leaves a note. Undefined if a stop came first. */
async function sendBack(
  letter: DeadLetter & { readonly origin: Position },
  { producer, partitionsCount }: {
    readonly producer: MessageProducer;
    readonly partitionsCount: number;
  },
  { value, signal, notify }: ReplayOptions,
): Promise<Position | undefined> {
  const { origin, timestamp, key } = letter;
  const deliver = (message: Letter) =>
    throughOutages(() => producer.sendSafely(message), {
      isOutage: isKafkaOutage,
      signal,
      begins: () => notify?.("Waiting for Kafka to take a message back..."),
      ends: () => notify?.("No longer waiting for Kafka."),
    });
  const headers = replayHeaders(letter.headers);
  const to = await deliver({
    topic: origin.topic,
    // The topic may have been created again with fewer of them.
    partition: origin.partition % partitionsCount,
    key,
    value: value ?? letter.value,
    headers: value ? editedHeaders(headers) : headers,
  });
  if (!to) return undefined;
  const noted = await deliver({
    topic: letter.letter.topic,
    partition: letter.letter.partition,
    key: null,
    value: `${placeWord(origin)} was sent back to ${placeWord(to)}`,
    timestamp,
    headers: replayNoteHeaders({ origin, timestamp, to }),
  });
  return noted && to;
}

/** The edited value names its own schema. */
function editedHeaders(headers: readonly Header[]) {
  return [
    ...headers.filter(([name]) =>
      name !== EDITED_HEADER && name !== SCHEMA_ID_HEADER
    ),
    [EDITED_HEADER, new Date().toISOString()] as const,
  ];
}

/** Makes what tells the message of a place, such as `demo/1/42`, from others; undefined if the word is not a place. */
export function matchOrigin(
  word: string,
): ((letter: DeadLetter) => boolean) | undefined {
  const wanted = parsePlaceWord(word);
  if (!wanted) return undefined;
  const place = placeWord(wanted);
  return ({ origin }) => origin !== undefined && placeWord(origin) === place;
}
