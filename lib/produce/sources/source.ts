/**
 * What a source of events yields.
 *
 * @module
 */

import type { InvalidEventError } from "../../base/errors.ts";
import type { OutgoingHeader } from "../../events/record.ts";

/** One item of a source: a value that is not checked yet, or why there is none. */
export interface SourceItem {
  /** Its number, from 1: the event's, or the line's. */
  readonly number: number;
  /** The value; it may be any JSON value. */
  readonly value?: unknown;
  /** The message's headers. */
  readonly headers?: readonly OutgoingHeader[] | undefined;
  /** Why the line holds no event. */
  readonly problem?: InvalidEventError;
  /** The number of bytes from the file's start to the start of the next line; undefined if it comes from no file. */
  readonly end?: number;
  /** Whether its line has no line break yet: more of it may come. */
  readonly open?: boolean;
}
