/**
 * Dead letters for the page: looking at them, sending them back, and changing one.
 *
 * @module
 */

import {
  InvalidEventError,
  PipelineError,
  UsageError,
} from "../base/errors.ts";
import {
  deadLetterTopic,
  parsePlaceWord,
  placeWord,
} from "../consume/dead_letters/dead_letter.ts";
import {
  type DeadLetter,
  isReplayable,
  listDeadLetters,
  matchOrigin,
  replayDeadLetters,
} from "../consume/dead_letters/dlq.ts";
import { findLetter, letterEncoder } from "../consume/dead_letters/edit.ts";
import { defineEvent } from "../events/event_type.ts";
import type { Position } from "../events/record.ts";
import { protocolCodeOf } from "../kafka/errors.ts";
import type {
  DeadLetterAnswer,
  DeadLettersAnswer,
  DeadLettersSummary,
  EditAnswer,
  ReplayAnswer,
} from "./api.ts";
import { messageWriter, writeLetter } from "./messages.ts";
import { Newest } from "./newest.ts";
import { booleanIn, numberOf, textIn, textsIn } from "./parameters.ts";
import type { Pipeline } from "./pipeline.ts";
import { topicsOf } from "./topics.ts";

/** How many letters are in an answer at most, and without a limit of its own. */
const [MAX_LIMIT, DEFAULT_LIMIT] = [1_000, 100];
/** How many reasons of a topic are told. */
const MAX_REASONS = 50;
/** How many messages that were sent back are told. */
const MAX_SENT = 1_000;
/** What stands for a reason that the letter doesn't say. */
const NO_REASON = "unknown";

/** Any event: it is checked by the schema that it is written by. */
const ANY_EVENT = defineEvent<unknown>({
  name: "event",
  topic: "",
  schema: {},
  key: () => null,
});

function isMissing(error: unknown): boolean {
  return error instanceof PipelineError && error.code === "topic-missing" ||
    protocolCodeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION";
}

/** The dead letters of all topics. */
export class LetterBox {
  readonly #pipeline: Pipeline;
  /** What was found in a topic, and how far its letters went then: reading them all again is only needed where some were added. */
  readonly #summaries = new Map<
    string,
    { readonly ends: string; readonly summary: DeadLettersSummary }
  >();

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Counts the letters of each topic that has some. */
  async summaries(): Promise<DeadLettersSummary[]> {
    const topics = new Map(
      (await topicsOf(this.#pipeline)).map(({ name, partitions }) => [
        name,
        partitions.map(({ first, next }) => `${first}-${next}`).join("."),
      ]),
    );
    for (const topic of this.#summaries.keys()) {
      if (!topics.has(topic)) this.#summaries.delete(topic);
    }
    const found: DeadLettersSummary[] = [];
    for (const topic of topics.keys()) {
      const ends = topics.get(deadLetterTopic(topic));
      if (ends === undefined) continue;
      const known = this.#summaries.get(topic);
      const summary = known?.ends === ends
        ? known.summary
        : await this.#pipeline.share(
          `letters ${topic} ${ends}`,
          () => this.#summary(topic),
        ).catch((error) => {
          // It was deleted meanwhile.
          if (isMissing(error)) return undefined;
          throw error;
        });
      if (!summary) continue;
      this.#summaries.set(topic, { ends, summary });
      if (summary.letters > 0) found.push(summary);
    }
    return found;
  }

  async #summary(topic: string): Promise<DeadLettersSummary> {
    const { config, connection } = this.#pipeline;
    const reasons = new Map<string, number>();
    const counts = await listDeadLetters(config, ({ reason = NO_REASON }) => {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }, {
      ...connection,
      topic,
      matches: ({ replayedTo }) => !replayedTo,
    });
    return {
      topic,
      letters: counts?.left ?? 0,
      reasons: [...reasons]
        .map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count)
        .slice(0, MAX_REASONS),
    };
  }

  /**
   * Lists the newest letters of a topic that were not sent back.
   *
   * @throws {PipelineError} If a parameter is wrong, there is no such topic, or Kafka can't be reached.
   */
  async list(
    topic: string,
    parameters: URLSearchParams,
  ): Promise<DeadLettersAnswer> {
    const { config, connection, decoder } = this.#pipeline;
    const limit = numberOf(parameters, "limit", { min: 1, max: MAX_LIMIT });
    const newest = new Newest<DeadLetter>(
      limit ?? DEFAULT_LIMIT,
      ({ setAsideAt, timestamp }) => setAsideAt ?? timestamp,
    );
    await this.#pipeline.run(() =>
      listDeadLetters(config, (letter) => newest.add(letter), {
        ...connection,
        topic,
        matches: matcher({ reason: parameters.get("reason") ?? undefined }),
      })
    );
    const letters = newest.take().toReversed();
    const messages = await Promise.all(
      letters.map(({ letter: { partition, offset }, ...message }) =>
        decoder.peeked(topic, { partition, message: { ...message, offset } })
      ),
    );
    const write = await messageWriter(this.#pipeline, messages);
    return {
      letters: letters.map((letter, at): DeadLetterAnswer => ({
        ...writeLetter(letter),
        // deno-lint-ignore no-non-null-assertion
        message: write(messages[at]!),
        group: letter.groups.join(", ") || null,
        replayable: isReplayable(letter, topic),
      })),
      hasMore: newest.hasMore,
    };
  }

  /**
   * Sends messages back, or counts those that would be.
   *
   * @throws {PipelineError} If the request is wrong, there is no such topic, or Kafka can't be reached.
   */
  async replay(
    topic: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<ReplayAnswer> {
    const { config, connection } = this.#pipeline;
    const execute = booleanIn(body, "execute");
    const reason = body["reason"] === undefined
      ? undefined
      : textIn(body, "reason");
    const places = textsIn(body, "places");
    for (const place of places ?? []) parsePlace(place);
    const sent: { place: string; partition: number; offset: string }[] = [];
    const summary = await this.#pipeline.run(() =>
      replayDeadLetters(config, (letter, to) => {
        if (!to || !letter.origin || sent.length >= MAX_SENT) return;
        const { partition, offset } = to;
        sent.push({ place: placeWord(letter.origin), partition, offset });
      }, {
        ...connection,
        topic,
        dryRun: !execute,
        matches: matcher({ reason, places }),
      })
    );
    if (execute) this.#pipeline.changed();
    const { replayed = 0, skipped = 0, left = 0 } = summary ?? {};
    return {
      matching: replayed,
      replayed: execute ? replayed : 0,
      skipped,
      left,
      sent,
    };
  }

  /**
   * Sends a message back with another value, or checks that value.
   *
   * @throws {PipelineError} If the request is wrong, there is no such letter, or Kafka or the registry can't be reached.
   */
  async edit(
    topic: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<EditAnswer> {
    const { config, connection } = this.#pipeline;
    const place = textIn(body, "place");
    const text = textIn(body, "value");
    const execute = booleanIn(body, "execute");
    parsePlace(place);
    const options = {
      ...connection,
      topic,
      matches: matchOrigin(place),
    };
    let value: Uint8Array;
    try {
      value = (await this.#encoderOf(topic))(text);
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      return { to: null, problem: error.message };
    }
    return await this.#pipeline.run(async () => {
      await findLetter(config, place, options);
      if (!execute) return { to: null };
      const sent: Position[] = [];
      await replayDeadLetters(config, (_, to) => {
        if (to) sent.push(to);
      }, { ...options, value });
      this.#pipeline.changed();
      const [to] = sent;
      return {
        to: to ? { partition: to.partition, offset: to.offset } : null,
      };
    });
  }

  /** A kind of event that is known is checked as such; any other by the newest schema of its topic. */
  async #encoderOf(topic: string): Promise<(text: string) => Uint8Array> {
    const type = this.#pipeline.eventOf(topic);
    return await letterEncoder(
      await this.#pipeline.registry(),
      type ?? ANY_EVENT,
      { topic, schema: type ? "existing" : "latest" },
    );
  }
}

function parsePlace(place: string): void {
  if (parsePlaceWord(place)) return;
  throw new UsageError(`A place is TOPIC/PARTITION/OFFSET: "${place}"`);
}

/** Makes the test for letters that were not sent back. */
function matcher(
  { reason, places }: {
    readonly reason?: string | undefined;
    readonly places?: readonly string[] | undefined;
  },
): (letter: DeadLetter) => boolean {
  const wanted = reason?.toLowerCase() ?? "";
  const named = places && new Set(places);
  return (letter) =>
    !letter.replayedTo &&
    (letter.reason ?? NO_REASON).toLowerCase().includes(wanted) &&
    (!named ||
      letter.origin !== undefined && named.has(placeWord(letter.origin)));
}
