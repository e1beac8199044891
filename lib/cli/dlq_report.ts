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
import { escapeUnsafe, printable } from "../base/terminal_text.ts";

/** Names a message by where it was, or by its letter if that is not known. */
function nameOf({ origin, letter }: DeadLetter): string {
  return printable(origin ? placeWord(origin) : placeOf(letter));
}

/** Prints a topic's dead letters, or their replay. */
export class DlqReport {
  readonly #topic: string;
  readonly #json: boolean;
  readonly #dryRun: boolean;

  constructor(
    topic: string,
    options: { readonly json: boolean; readonly dryRun?: boolean },
  ) {
    this.#topic = topic;
    this.#json = options.json;
    this.#dryRun = options.dryRun ?? false;
  }

  /** Prints one message that was set aside. Waits while the reader of the output is behind. */
  readonly letter = (letter: DeadLetter): void | Promise<void> => {
    this.#print(letter);
    return output.full ? output.written() : undefined;
  };

  #print(letter: DeadLetter): void {
    const { key, value, timestamp, origin, reason, stage, attempts } = letter;
    const { groups, lettersCount, replayedTo } = letter;
    if (this.#json) {
      const text = JSON.stringify({
        ...letter.letter,
        timestamp: isoTime(timestamp),
        key: keyText(key),
        origin: origin ?? null,
        groups,
        letters: lettersCount,
        reason: reason ?? null,
        stage: stage ?? null,
        attempts,
        replayed: replayedTo !== undefined,
        value: value && value.toBase64(),
      });
      return printLine(escapeUnsafe(text));
    }
    const title = nameOf(letter);
    printLine(
      describeBlock(
        replayedTo ? `${title} (replayed to ${placeWord(replayedTo)})` : title,
        [
          `Letter: ${placeOf(letter.letter)}${
            lettersCount > 1 ? `, the newest of ${lettersCount}` : ""
          }`,
          `Groups: ${printable(groups.join(", ") || "unknown")}`,
          `Kafka Timestamp: ${describeTime(timestamp)}`,
          `Reason: ${printable(reason ?? "unknown")}`,
          `Attempts: ${attempts}`,
          `Key: ${previewText(key)}`,
          `Value: ${previewText(value)}`,
        ],
      ),
    );
  }

  listed(counts: DeadLetterCounts | undefined): void {
    if (this.#json) return;
    const { matching = 0, left = 0 } = counts ?? {};
    printLine(
      matching === 0 && left === 0
        ? `Topic '${this.#topic}' has no dead letters.`
        : `${counted(matching, "dead letter")} in '${
          deadLetterTopic(this.#topic)
        }'; ${left} left to replay.`,
    );
  }

  /** Prints one message that was sent back, would be, or can't be. Without a reader of the output, messages are sent all the same. */
  readonly replay = (
    letter: DeadLetter,
    to: Position | undefined,
  ): void | Promise<void> => {
    if (!isReplayable(letter, this.#topic)) {
      note(
        `Can't replay ${
          placeOf(letter.letter)
        }: it is a whole batch, or its headers don't say that it comes from '${this.#topic}'`,
      );
    } else if (this.#json) {
      printLine(escapeUnsafe(
        JSON.stringify({ letter: letter.letter, origin: letter.origin, to }),
      ));
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

  done(summary: ReplaySummary | undefined): void {
    if (this.#json) return;
    const { replayed = 0, left = 0 } = summary ?? {};
    const verb = this.#dryRun ? "would be" : replayed === 1 ? "was" : "were";
    printLine(
      replayed === 0
        ? `Topic '${this.#topic}' has no dead letters to replay${
          left > 0 ? ` there; ${left} left` : ""
        }.`
        : `${
          counted(replayed, "dead letter")
        } ${verb} sent back to '${this.#topic}'; ${left} left.`,
    );
  }
}
