/**
 * Consumer groups for the page, with the course of their lag.
 *
 * @module
 */

import { PipelineError, UsageError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import {
  type GroupPositions,
  listGroups,
  resetGroup,
  showGroup,
} from "../operate/groups.ts";
import { parseOffsetTarget } from "../operate/offset_target.ts";
import type {
  GroupAnswer,
  GroupSummary,
  LagCourse,
  ResetAnswer,
} from "./api.ts";
import { booleanIn, numberIn, textIn } from "./parameters.ts";
import type { Pipeline } from "./pipeline.ts";

/** How often the lag is sampled, in milliseconds. */
const SAMPLE_MS = 10_000;
/** For how long it is sampled after somebody looked at it, and how long a sample is kept, in milliseconds. */
const KEPT_MS = 15 * 60_000;
/** Of how many groups the course is kept. */
const MAX_GROUPS = 1_000;

type Sample = readonly [at: number, lag: number];

/** The groups, and the course of their lag. */
export class GroupWatch {
  readonly #pipeline: Pipeline;
  readonly #courses = new Map<string, Sample[]>();
  #lookedAt = -Infinity;
  #sampledAt = -Infinity;
  #running: Promise<void> | undefined;

  /** Nothing is sampled before somebody looks. */
  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Lists the groups. */
  async list(): Promise<GroupSummary[]> {
    this.#look();
    const groups = await this.#sample();
    return groups.map(({ group, state, members, partitions }) => ({
      name: group,
      state,
      members: members.length,
      lag: lagOf(partitions) ?? null,
      topics: [...new Set(partitions.map(({ topic }) => topic))].sort(),
      course: this.#courseOf(group),
    }));
  }

  /**
   * Describes a group.
   *
   * @throws {PipelineError} If there is no such group, or Kafka can't be reached.
   */
  async show(name: string): Promise<GroupAnswer> {
    this.#look();
    const { config, connection } = this.#pipeline;
    const found = await this.#pipeline.share(
      `group ${name}`,
      () => showGroup(config, name, connection),
    );
    return {
      name,
      state: found.state,
      members: found.members.map(({ id, clientId, host, partitions }) => ({
        id,
        clientId,
        host,
        partitions: Object.entries(partitions).flatMap(([topic, numbers]) =>
          numbers.map((partition) => `${topic}/${partition}`)
        ),
      })),
      partitions: found.partitions.map((
        { topic, partition, committed, end, lag, member },
      ) => ({
        topic,
        partition,
        committed: committed === undefined ? null : String(committed),
        next: end === undefined ? null : String(end),
        lag: lag === undefined ? null : Number(lag),
        member: member?.id ?? null,
      })),
      course: this.#courseOf(name),
    };
  }

  /** Ends sampling. */
  async close(): Promise<void> {
    await this.#running;
  }

  #courseOf(group: string): LagCourse {
    return this.#courses.get(group) ?? [];
  }

  #look(): void {
    this.#lookedAt = Date.now();
    this.#running ??= this.#run().catch(this.#pipeline.failed).finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#pipeline;
    while (!signal.aborted && Date.now() - this.#lookedAt < KEPT_MS) {
      try {
        await this.#sample();
      } catch (error) {
        // The page hears of it by the status.
        if (!(error instanceof PipelineError)) throw error;
      }
      await pause(SAMPLE_MS, signal);
    }
    this.#courses.clear();
  }

  async #sample(): Promise<readonly GroupPositions[]> {
    const { config, connection } = this.#pipeline;
    const { groups } = await this.#pipeline.share(
      "groups",
      () => listGroups(config, connection),
    );
    const now = Date.now();
    // The samples of the loop come a moment after each other, and those of the pages between them.
    if (now - this.#sampledAt < SAMPLE_MS * 0.9) return groups;
    this.#sampledAt = now;
    for (const { group, partitions } of groups) {
      const lag = lagOf(partitions);
      if (lag === undefined) continue;
      const course = this.#courses.get(group) ?? [];
      if (course.length === 0 && this.#courses.size >= MAX_GROUPS) continue;
      this.#courses.set(group, [...course, [now, lag]]);
    }
    for (const [group, course] of this.#courses) {
      const kept = course.filter(([at]) => at > now - KEPT_MS);
      if (kept.length > 0) this.#courses.set(group, kept);
      else this.#courses.delete(group);
    }
    return groups;
  }
}

/**
 * Sets where a group goes on, or plans it.
 *
 * @throws {PipelineError} If the request is wrong, the group has members or feeds a store, or Kafka can't be reached.
 */
export async function resetAnswer(
  pipeline: Pipeline,
  group: string,
  body: Readonly<Record<string, unknown>>,
): Promise<ResetAnswer> {
  const execute = booleanIn(body, "execute");
  const text = textIn(body, "to");
  const to = parseOffsetTarget(text);
  if (!to) {
    throw new UsageError(
      `to is earliest, latest, an offset, a time in ISO 8601, +N or -N: "${text}"`,
    );
  }
  const { config, connection } = pipeline;
  const { plan } = await pipeline.run(() =>
    resetGroup(config, {
      group,
      topic: textIn(body, "topic"),
      partition: numberIn(body, "partition"),
      to,
      execute,
    }, connection)
  );
  if (execute) pipeline.changed();
  return {
    plan: plan.map(({ partition, from, to }) => ({
      partition,
      from: from === undefined ? null : String(from),
      to: String(to),
    })),
    done: execute,
  };
}

/** Adds up the lag; undefined if the group has committed no offset, or a partition has no leader to tell its end. */
function lagOf(
  partitions: GroupPositions["partitions"],
): number | undefined {
  if (partitions.some(({ end }) => end === undefined)) return undefined;
  const lags = partitions.map(({ lag }) => lag)
    .filter((lag) => lag !== undefined);
  return lags.length === 0
    ? undefined
    : Number(lags.reduce((sum, lag) => sum + lag, 0n));
}
