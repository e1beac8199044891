/**
 * What the server answers to the page: the contract between `lib/web/` and `lib/web/page/`. Times are milliseconds since the epoch,
 * offsets are text, as they have 64 bits, and money is in whole cents.
 *
 * @module
 */

import type { SchemaId } from "../events/wire_format.ts";

export type { DaySnapshot } from "./order_day.ts";

/** The body of an answer with a status of 400 or above. */
export interface ErrorAnswer {
  /** What went wrong, in a sentence without a full stop. */
  readonly error: string;
  /** What to do about it, in sentences. */
  readonly advice?: string;
}

/** Whether something that the page shows can be reached. */
export type Health =
  | { readonly ok: true }
  | { readonly ok: false } & ErrorAnswer;

/** `GET /api/status`, and the event `status`. */
export interface Status {
  /** Whether every act is refused. */
  readonly readOnly: boolean;
  /** The topic that the store reads: the one that the page opens first. */
  readonly topic: string;
  readonly kafka: Health;
  readonly registry: Health;
  readonly store: Health;
  /** How many messages the store has still to read, while it stands still. */
  readonly behind: number;
}

/** A topic in `GET /api/topics`. Kafka's own are left out. */
export interface TopicSummary {
  readonly name: string;
  readonly partitions: number;
  /** How many offsets it has; as many messages, unless it is compacted or holds transactions. Partitions without a leader are left out. */
  readonly messages: number;
  /** How much it takes on disk, on one broker for each partition; null if this user may not know. */
  readonly bytes: number | null;
  /** The topic whose dead letters these are; null for any other. */
  readonly deadLettersOf: string | null;
}

/** A partition in {@linkcode TopicAnswer}. */
export interface PartitionAnswer {
  readonly partition: number;
  /** The offset of its first message; null if it has no leader. */
  readonly first: string | null;
  /** The offset after its last message; null if it has no leader. */
  readonly next: string | null;
  /** `next - first`; null if it has no leader. */
  readonly messages: number | null;
  /** How much it takes on its leader's disk; null if this user may not know. */
  readonly bytes: number | null;
  /** The broker that leads it; -1 if it has none. */
  readonly leader: number;
  /** The brokers that keep it. */
  readonly replicas: readonly number[];
  /** Those of them that have all of it. */
  readonly inSync: readonly number[];
}

/** `GET /api/topics/T`. */
export interface TopicAnswer {
  readonly name: string;
  /** Its partitions, by number. */
  readonly partitions: readonly PartitionAnswer[];
  /** Its settings, by name; empty if this user may not know. */
  readonly settings: readonly {
    readonly name: string;
    /** Null if Kafka keeps it secret. */
    readonly value: string | null;
    readonly isDefault: boolean;
  }[];
}

/** What a message's value is. */
export type MessageValue = {
  readonly event: unknown;
  /** The schema that its writer named: the registry's id or a GUID. */
  readonly schema: {
    readonly id: SchemaId;
    /** One subject that has it; missing if the registry does not say. */
    readonly subject?: string;
    readonly version?: number;
  };
} | {
  /** Why the value is not an event. */
  readonly problem: string;
};

/** Why a message is among dead letters. */
export interface LetterAnswer {
  /** Where it was, such as `demo/1/42`: what replay and edit take. Null if the letter does not say. */
  readonly place: string | null;
  /** What went wrong; null if the letter does not say. */
  readonly reason: string | null;
  /** When it was set aside; null if the letter does not say. */
  readonly at: number | null;
  /** The group that set it aside; null if the letter does not say. */
  readonly group: string | null;
  /** How often it has been tried. */
  readonly attempts: number;
}

/** A message. */
export interface MessageAnswer {
  readonly partition: number;
  readonly offset: string;
  /** Its timestamp; null if it has none. */
  readonly at: number | null;
  /** Its key as text, or by its bytes such as `0xff01` where it is not UTF-8; null if it has none. */
  readonly key: string | null;
  /** Its headers, in their sequence: names may come twice. A value that is not UTF-8 is written as `0xff01`; null if there is none. */
  readonly headers: readonly (readonly [name: string, text: string | null])[];
  /** What its value is; null if it has none: a tombstone. */
  readonly value: MessageValue | null;
  /** The value in base 64, up to 64 KiB of it; null if it has none. */
  readonly bytes: string | null;
  /** How long the value is, in bytes. */
  readonly size: number;
  /** Why it is here, if it is a dead letter. */
  readonly letter?: LetterAnswer;
}

/**
 * `GET /api/topics/T/messages?partition=&key=&from=newest|earliest|OFFSET|ISO&where=FIELD=VALUE&limit=100&cursor=`. `limit` is 1 to
 * 1,000. `where` may come more than once; all have to match.
 */
export interface MessagesAnswer {
  /** The messages that match: newest first with `from=newest`, else in their sequence by time. */
  readonly messages: readonly MessageAnswer[];
  /** Whether there are more in this direction. */
  readonly hasMore: boolean;
  /** How many messages were read to find them. */
  readonly read: number;
  /** Continues after these, with the same filters; null if there is nothing more. */
  readonly next: string | null;
  /** Where later messages will be: `/follow` with it as the cursor leaves out none of them. */
  readonly ends: string;
}

/**
 * The event `messages` of `GET /api/topics/T/follow` with the same filters as above, but for `from`: the messages that come, in
 * their sequence. A page that reads slowly misses the older ones. The event `failure` is an {@linkcode ErrorAnswer}, and the last.
 */
export type FollowedMessages = readonly MessageAnswer[];

/** Points in time and how many messages a group still had to read. */
export type LagCourse = readonly (readonly [at: number, lag: number])[];

/** A group in `GET /api/groups`. */
export interface GroupSummary {
  readonly name: string;
  /** Kafka's name for its state: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Dead`. */
  readonly state: string;
  readonly members: number;
  /** How many messages it has still to read; null if it has committed no offset. */
  readonly lag: number | null;
  /** The topics that it reads or has read, sorted. */
  readonly topics: readonly string[];
  /** The lag over the last minutes, every 10 s while a page is open. */
  readonly course: LagCourse;
}

/** `GET /api/groups/G`. */
export interface GroupAnswer {
  readonly name: string;
  /** Kafka's name for its state. */
  readonly state: string;
  readonly members: readonly {
    readonly id: string;
    readonly clientId: string;
    /** The address that it comes from. */
    readonly host: string;
    /** Its partitions, such as `demo/1`. */
    readonly partitions: readonly string[];
  }[];
  /** Where it stands, by topic and partition. */
  readonly partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    /** The offset of the next message that it reads; null if it has committed none. */
    readonly committed: string | null;
    /** The offset after the partition's last message; null if it has no leader. */
    readonly next: string | null;
    /** Null if it has committed no offset. */
    readonly lag: number | null;
    /** The id of the member that reads it; null if nobody does. */
    readonly member: string | null;
  }[];
  /** The lag over the last minutes. */
  readonly course: LagCourse;
}

/**
 * The answer to `POST /api/groups/G/reset` with `{ topic, partition, to, execute }`: all partitions without `partition`; `to` is
 * `earliest`, `latest`, an offset, a time in ISO 8601, `+N` or `-N`; with `execute` false it is only planned.
 */
export interface ResetAnswer {
  /** What is planned, or was done. */
  readonly plan: readonly {
    readonly partition: number;
    /** Null if the group has committed no offset. */
    readonly from: string | null;
    readonly to: string;
  }[];
  /** Whether it was done. */
  readonly done: boolean;
}

/** A subject in `GET /api/schemas`. */
export interface SchemaSummary {
  readonly subject: string;
  /** The newest version. */
  readonly latest: number;
  /** How many versions there are. */
  readonly versions: number;
  readonly level: string;
}

/** `GET /api/schemas/S`. */
export interface SchemaAnswer {
  readonly subject: string;
  readonly level: string;
  /** Its versions, the oldest first. */
  readonly versions: readonly {
    readonly version: number;
    /** The registry's id of its text. */
    readonly id: number;
    /** The schema, laid out in lines. */
    readonly text: string;
  }[];
}

/** A topic in `GET /api/dead-letters`: by the topic that the letters come from. */
export interface DeadLettersSummary {
  /** The topic that they come from, such as `demo`: what `/api/dead-letters/T` takes. */
  readonly topic: string;
  /** How many are left: those that were sent back are not counted. */
  readonly letters: number;
  /** How many by reason, the most frequent first. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly count: number;
  }[];
}

/** A dead letter. */
export interface DeadLetterAnswer extends LetterAnswer {
  /** The groups that set it aside, separated by commas; null if the letter does not say. */
  readonly group: string | null;
  /** The message, as it lies among the letters. */
  readonly message: MessageAnswer;
  /** Whether it can be sent back. */
  readonly replayable: boolean;
}

/** `GET /api/dead-letters/T?reason=&limit=`: `reason` is a part of it, in any case; `limit` is 1 to 1,000 (100). */
export interface DeadLettersAnswer {
  /** The newest first. */
  readonly letters: readonly DeadLetterAnswer[];
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

/**
 * The answer to `POST /api/dead-letters/T/replay` with `{ places, reason, execute }`: all letters that match without `places`, a list;
 * `reason` is a part of it; with `execute` false they are only counted.
 */
export interface ReplayAnswer {
  /** How many match and can be sent back. */
  readonly matching: number;
  /** How many were sent back. */
  readonly replayed: number;
  /** How many match and can't be sent back. */
  readonly skipped: number;
  /** How many letters are left in the topic. */
  readonly left: number;
  /** Where those are that were sent back, up to 1,000. */
  readonly sent: readonly {
    readonly place: string;
    readonly partition: number;
    readonly offset: string;
  }[];
}

/**
 * The answer to `POST /api/dead-letters/T/edit` with `{ place, value, execute }`: `value` is the event as JSON text; with `execute` false
 * it is only checked.
 */
export interface EditAnswer {
  /** Where the message is now; null if it was not sent. */
  readonly to: { readonly partition: number; readonly offset: string } | null;
  /** Why the text is not a valid event. */
  readonly problem?: string;
}
