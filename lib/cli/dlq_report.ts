/**
 * What `deno task dlq` prints.
 *
 * @module
 */

import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import type { DeadLetter, ReplaySummary } from "../consume/dead_letters/dlq.ts";
import { note, output, printLine } from "./output.ts";
import { keyText, placeOf, type Position } from "../events/record.ts";
import {
  describeBlock,
  describeTime,
  isoTime,
  previewText,
} from "./record_text.ts";
import { escapeUnsafe, printable } from "../base/terminal_text.ts";

function countOf(letters: number): string {
  return `${letters} dead letter${letters === 1 ? "" : "s"}`;
}

/** Prints a topic's dead letters, or their replay. */
export class DlqReport {
  readonly #topic: string;
  readonly #json: boolean;
  #replayed = 0;

  /**
   * Makes the report.
   *
   * @param topic The topic that the messages came from.
   * @param json Print JSON and nothing else.
   */
  constructor(topic: string, json: boolean) {
    this.#topic = topic;
    this.#json = json;
  }

  /** Prints one letter. Waits while the reader of the output is behind. */
  readonly letter = (letter: DeadLetter): void | Promise<void> => {
    this.#print(letter);
    return output.full ? output.written() : undefined;
  };

  #print(letter: DeadLetter): void {
    const { key, value, timestamp, origin, reason, stage, attempts, replayed } =
      letter;
    if (replayed) this.#replayed++;
    if (this.#json) {
      const { topic, partition, offset } = letter;
      const text = JSON.stringify({
        topic,
        partition,
        offset,
        timestamp: isoTime(timestamp),
        key: keyText(key),
        origin: origin ?? null,
        reason: reason ?? null,
        stage: stage ?? null,
        attempts,
        replayed,
        value: value && value.toBase64(),
      });
      return printLine(escapeUnsafe(text));
    }
    printLine(
      describeBlock(`${placeOf(letter)}${replayed ? " (replayed)" : ""}`, [
        `From: ${origin ? printable(placeOf(origin)) : "unknown"}`,
        `Kafka Timestamp: ${describeTime(timestamp)}`,
        `Reason: ${printable(reason ?? "unknown")}`,
        `Attempts: ${attempts}`,
        `Key: ${previewText(key)}`,
        `Value: ${previewText(value)}`,
      ]),
    );
  }

  /** Prints how many letters there are. */
  listed(count: number | undefined): void {
    if (this.#json) return;
    if (!count) return printLine(`Topic '${this.#topic}' has no dead letters.`);
    printLine(
      `${countOf(count)} in '${
        deadLetterTopic(this.#topic)
      }', ${this.#replayed} of them replayed.`,
    );
  }

  /** Prints one letter that was sent back, or can't be. Without a reader of the output, letters are sent all the same. */
  readonly replay = (
    letter: Position,
    to: Position | undefined,
  ): void | Promise<void> => {
    if (!to) {
      note(
        `Can't replay ${
          placeOf(letter)
        }: it is a whole batch, or its headers don't say that it comes from '${this.#topic}'`,
      );
    } else if (this.#json) {
      printLine(JSON.stringify({ letter, to }));
    } else {
      printLine(`Replayed: ${placeOf(letter)} to ${placeOf(to)}`);
    }
    return output.full ? output.written().catch(() => {}) : undefined;
  };

  /** Prints the account of a replay. */
  done(summary: ReplaySummary | undefined): void {
    if (this.#json) return;
    const { replayed = 0 } = summary ?? {};
    printLine(
      replayed === 0
        ? `Topic '${this.#topic}' has no dead letters to replay.`
        : `${countOf(replayed)} ${
          replayed === 1 ? "was" : "were"
        } sent back to '${this.#topic}'.`,
    );
  }
}
