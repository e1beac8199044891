/**
 * Consumer groups for the page, with the course of their lag.
 *
 * @module
 */

import { PipelineError, UsageError } from "../base/errors.ts";
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
export type GroupWatch = ReturnType<typeof groupWatch>;

/** Makes what watches the groups. Nothing is sampled before somebody looks. */
export function groupWatch(pipeline: Pipeline) {
  const { config, connection } = pipeline;
  const courses = new Map<string, Sample[]>();
  let lookedAt = -Infinity;
  let sampledAt = -Infinity;

  const isKept = ([at]: Sample) => at > Date.now() - KEPT_MS;
  const courseOf = (group: string): LagCourse =>
    courses.get(group)?.filter(isKept) ?? [];

  const sample = async (): Promise<readonly GroupPositions[]> => {
    const { groups } = await pipeline.share(
      "groups",
      () => listGroups(config, connection),
    );
    const now = Date.now();
    // The samples of the loop come a moment after each other, and those of the pages between them.
    if (now - sampledAt < SAMPLE_MS * 0.9) return groups;
    sampledAt = now;
    for (const { group, partitions } of groups) {
      const lag = lagOf(partitions);
      const isFull = !courses.has(group) && courses.size >= MAX_GROUPS;
      if (lag === undefined || isFull) continue;
      courses.set(group, [...courses.get(group) ?? [], [now, lag]]);
    }
    for (const [group, course] of courses) {
      const kept = course.filter(isKept);
      if (kept.length > 0) courses.set(group, kept);
      else courses.delete(group);
    }
    return groups;
  };

  const sampleAgain = async (): Promise<number> => {
    try {
      await sample();
    } catch (error) {
      // The page hears of it by the status.
      if (!(error instanceof PipelineError)) throw error;
    }
    return SAMPLE_MS;
  };

  const look = () => {
    lookedAt = Date.now();
    pipeline.repeat(sampleAgain, () => Date.now() - lookedAt < KEPT_MS);
  };

  return {
    /** Lists the groups. */
    async list(): Promise<GroupSummary[]> {
      look();
      const groups = await sample();
      return groups.map(({ group, state, members, partitions }) => ({
        name: group,
        state,
        members: members.length,
        lag: lagOf(partitions) ?? null,
        topics: [...new Set(partitions.map(({ topic }) => topic))].sort(),
        course: courseOf(group),
      }));
    },

    /**
     * Describes a group.
     *
     * @throws {PipelineError} If there is no such group, or Kafka can't be reached.
     */
    async show(name: string): Promise<GroupAnswer> {
      look();
      const { state, members, partitions } = await pipeline.share(
        `group ${name}`,
        () => showGroup(config, name, connection),
      );
      return {
        name,
        state,
        members: members.map(({ id, clientId, host, partitions }) => ({
          id,
          clientId,
          host,
          partitions: Object.entries(partitions).flatMap(([topic, numbers]) =>
            numbers.map((partition) => `${topic}/${partition}`)
          ),
        })),
        partitions: partitions.map((
          { topic, partition, committed, end, lag, member },
        ) => ({
          topic,
          partition,
          committed: committed === undefined ? null : String(committed),
          next: end === undefined ? null : String(end),
          lag: lag === undefined ? null : Number(lag),
          member: member?.id ?? null,
        })),
        course: courseOf(name),
      };
    },
  };
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
