/**
 * What a source of events yields.
 *
 * @module
 */

import type { InvalidEventError } from "../../base/errors.ts";
import type { OutgoingHeader } from "../../events/record.ts";

/** What goes with an event. */
export interface SendOptions {
  /** The message's key; `null` for none. By default: what the event type's `key` makes of the event. */
  readonly key?: string | Uint8Array | null | undefined;
  /** The message's timestamp, in milliseconds since the epoch. By default: the time of sending. */
  readonly timestamp?: number | undefined;
  /** The message's headers. */
  readonly headers?: readonly OutgoingHeader[] | undefined;
}

/** One item of a source: a value that is not checked yet, or why there is none. */
export interface SourceItem extends SendOptions {
  /** Its number, from 1: the event's, or that of the file's line, row or element. */
  readonly number: number;
  /** The value; it may be any JSON value. */
  readonly value?: unknown;
  readonly problem?: InvalidEventError;
  /** The number of bytes from the file's start to its end; undefined if it comes from no file. */
  readonly end?: number;
  /** Whether the file ends in it: more of it may come. */
  readonly open?: boolean;
  /** What the file has of it; undefined if it comes from no file, or is too long to be kept. */
  readonly original?: Uint8Array | undefined;
  /** What the file has once and each of its records needs: the header of CSV. */
  readonly header?: Uint8Array | undefined;
}
