/**
 * What `deno task dlq` prints.
 *
 * @module
 */

import {
  deadLetterTopic,
  placeWord,
} from "../consume/dead_letters/dead_letter.ts";
import {
  type DeadLetter,
  type DeadLetterCounts,
  isReplayable,
  type ReplaySummary,
} from "../consume/dead_letters/dlq.ts";
import { counted } from "../base/plural.ts";
import { note, output, printLine } from "./output.ts";
import { keyText, placeOf, type Position } from "../events/record.ts";
import { isoTime } from "../events/record_json.ts";
import { describeBlock, describeTime, previewText } from "./record_text.ts";
import { printable } from "../base/terminal_text.ts";

/** Names a message by where it was, or by its letter if that is not known. */
function nameOf({ origin, letter }: DeadLetter): string {
  return printable(origin ? placeWord(origin) : placeOf(letter));
}

/** Writes a message that was set aside for a program: one line of JSON. */
export function letterJson(letter: DeadLetter): string {
  const { key, value, timestamp, origin, reason, stage, attempts } = letter;
  return JSON.stringify({
    ...letter.letter,
    timestamp: isoTime(timestamp),
    key: keyText(key),
    origin: origin ?? null,
    groups: letter.groups,
    letters: letter.lettersCount,
    reason: reason ?? null,
    stage: stage ?? null,
    attempts,
    replayed: letter.replayedTo !== undefined,
    value: value && value.toBase64(),
  });
}

/** Writes a message that was set aside, as a block. */
export function describeLetter(letter: DeadLetter): string {
  const { lettersCount, replayedTo } = letter;
  const title = nameOf(letter);
  return describeBlock(
    replayedTo ? `${title} (replayed to ${placeWord(replayedTo)})` : title,
    [
      `Letter: ${placeOf(letter.letter)}${
        lettersCount > 1 ? `, the newest of ${lettersCount}` : ""
      }`,
      `Groups: ${printable(letter.groups.join(", ") || "unknown")}`,
      `Kafka Timestamp: ${describeTime(letter.timestamp)}`,
      `Reason: ${printable(letter.reason ?? "unknown")}`,
      `Attempts: ${letter.attempts}`,
      `Key: ${previewText(letter.key)}`,
      `Value: ${previewText(letter.value)}`,
    ],
  );
}

/** Writes how many messages of a topic are set aside. */
export function describeCounts(
  topic: string,
  { matching, left }: DeadLetterCounts = { matching: 0, left: 0 },
): string {
  return matching === 0 && left === 0
    ? `Topic '${topic}' has no dead letters.`
    : `${counted(matching, "dead letter")} in '${
      deadLetterTopic(topic)
    }'; ${left} left to replay.`;
}

/** Makes what prints each message that was sent back, would be, or can't be. Without a reader of the output, they are sent all the same. */
export function replayPrinter(topic: string, json: boolean) {
  return (
    letter: DeadLetter,
    to: Position | undefined,
  ): void | Promise<void> => {
    if (!isReplayable(letter, topic)) {
      note(
        `Can't replay ${
          placeOf(letter.letter)
        }: it is a whole batch, or its headers don't say that it comes from '${topic}'`,
      );
    } else if (json) {
      const { letter: place, origin } = letter;
      printLine(JSON.stringify({ letter: place, origin, to }));
    } else {
      printLine(
        to
          ? `Replayed: ${nameOf(letter)} to ${placeOf(to)}`
          : `Would replay: ${nameOf(letter)} (${
            printable(letter.reason ?? "unknown")
          })`,
      );
    }
    return output.full ? output.written().catch(() => {}) : undefined;
  };
}

/** Writes how many messages were sent back, or would be. */
export function describeReplay(
  topic: string,
  summary: ReplaySummary | undefined,
  dryRun = false,
): string {
  const { replayed = 0, left = 0 } = summary ?? {};
  if (replayed === 0) {
    const rest = left > 0 ? ` there; ${left} left` : "";
    return `Topic '${topic}' has no dead letters to replay${rest}.`;
  }
  const verb = dryRun ? "would be" : replayed === 1 ? "was" : "were";
  return `${
    counted(replayed, "dead letter")
  } ${verb} sent back to '${topic}'; ${left} left.`;
}
