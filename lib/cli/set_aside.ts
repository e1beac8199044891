/**
 * What is said of the messages that no handler gets.
 *
 * @module
 */

import { InvalidEventError, messageOf } from "../base/errors.ts";
import { plural } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import type { MessageObserver } from "../consume/message_reader.ts";
import { placeOf } from "../events/record.ts";
import { listOf } from "./account.ts";
import { note } from "./output.ts";

/** Notes the messages that were set aside, and counts them. */
export class SetAsideNotes {
  /** How many became dead letters. */
  deadLetters = 0;
  #tombstones = 0;

  /** Notes which message was set aside, why, and where it is kept. */
  readonly setAside: NonNullable<MessageObserver["setAside"]> = (
    { error, letter, ...origin },
  ) => {
    this.deadLetters++;
    const verb = error instanceof InvalidEventError ? "read" : "process";
    note(
      `Can't ${verb} message ${placeOf(origin)}: ${
        printable(messageOf(error))
      }\n  It is kept: ${placeOf(letter)}`,
    );
  };

  readonly tombstone: NonNullable<MessageObserver["tombstone"]> = (
    position,
    key,
  ) => {
    this.#tombstones++;
    const name = key === null ? "no key" : `key ${printable(key)}`;
    note(`Tombstone: ${placeOf(position)} (${name})`);
  };

  clauses(): string[] {
    return listOf([
      [this.deadLetters, plural(this.deadLetters, "dead letter")],
      [this.#tombstones, plural(this.#tombstones, "tombstone")],
    ]).map((list) => `set aside: ${list}`);
  }
}
