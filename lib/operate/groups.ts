/**
 * Consumer groups: how far each has read, and setting where it goes on.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { mapSome } from "../base/map_some.ts";
import type { WaitOptions } from "../base/retry.ts";
import { closestTo } from "../base/suggestion.ts";
import { type KafkaOptions, withClient } from "../kafka/client.ts";
import type { TopicRanges } from "../kafka/cluster_client.ts";
import { isKafkaOutage, protocolCodeOf } from "../kafka/errors.ts";
import type {
  GroupClient,
  GroupDescription,
  GroupMember,
} from "../kafka/groups.ts";
import { checkTopicName } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import { STORE_NOTE } from "../store/event_store.ts";
import { type OffsetTarget, rangesOf, resolveTarget } from "./offset_target.ts";

/** Where a group stands in a partition. */
export interface PartitionPosition {
  readonly topic: string;
  readonly partition: number;
  /** The offset of the next message to be read; undefined if the group has committed none. */
  readonly committed: bigint | undefined;
  /** The offset after the last message; undefined if the partition has no leader. */
  readonly end: bigint | undefined;
  /** How many offsets are still to be read; undefined if the group has committed none, or the end is not known. */
  readonly lag: bigint | undefined;
  readonly member: GroupMember | undefined;
}

/** A group, and where it stands. */
export interface GroupPositions extends GroupDescription {
  readonly partitions: readonly PartitionPosition[];
}

/** Where a group is to go on in a partition. */
export interface PlannedReset {
  readonly partition: number;
  readonly from: bigint | undefined;
  readonly to: bigint;
  /** How many offsets will be read again, or, if negative, passed over; undefined if the group has committed none. */
  readonly again: bigint | undefined;
}

/** What a reset does, or would do. */
export interface ResetResult {
  /** Whether the group did not exist before. */
  readonly isNewGroup: boolean;
  readonly plan: readonly PlannedReset[];
}

/** Which group is to go on where. */
export interface ResetRequest {
  readonly group: string;
  readonly topic: string;
  /** The partition; all of them by default. */
  readonly partition?: number | undefined;
  readonly to: OffsetTarget;
  /** Whether it is done; otherwise it is only planned. */
  readonly execute: boolean;
}

type Options = KafkaOptions & WaitOptions;

/** Kafka's name for the state of a group whose coordinator, or the leader of one of its partitions, doesn't answer. */
export const UNKNOWN = "Unknown";

/** Lists the groups by name with where they stand, and says how many brokers did not answer, so that theirs are missing. */
export async function listGroups(
  config: Config,
  options: Options = {},
): Promise<{
  readonly groups: readonly GroupPositions[];
  readonly silentBrokersCount: number;
}> {
  return await withClient(config, {
    ...options,
    make: (kafka) => kafka.groups(),
  }, async (client) => {
    const { groups, silentBrokersCount } = await client.list();
    const findRanges = rememberRanges(client);
    const found = await mapSome(
      groups,
      (group) =>
        positionsOf(client, group, findRanges).catch((error) => {
          if (!isKafkaOutage(error)) throw error;
          return { group, state: UNKNOWN, members: [], partitions: [] };
        }),
    );
    return { groups: found, silentBrokersCount };
  });
}

/**
 * Reads where a group stands.
 *
 * @throws {PipelineError} If there is no such group.
 */
export async function showGroup(
  config: Config,
  group: string,
  options: Options = {},
): Promise<GroupPositions> {
  return await withClient(config, {
    ...options,
    make: (kafka) => kafka.groups(),
  }, async (client) => {
    const found = await positionsOf(client, group, rememberRanges(client));
    if (found.state === "Dead" && found.partitions.length === 0) {
      const meant = closestTo(group, (await client.list()).groups);
      throw new PipelineError(`There is no consumer group '${group}'`, {
        code: "group-missing",
        hint: meant && `Did you mean '${meant}'?`,
      });
    }
    return found;
  });
}

/**
 * Sets where a group goes on, or plans it.
 *
 * @throws {PipelineError} If the group has members or feeds a store, or there is no such topic or partition.
 */
export async function resetGroup(
  config: Config,
  request: ResetRequest,
  options: Options = {},
): Promise<ResetResult> {
  const { group, execute } = request;
  const topic = checkTopicName(request.topic);
  return await withClient(config, {
    ...options,
    make: (kafka) => kafka.groups(),
  }, async (client) => {
    const description = await client.describe(group);
    requireNoMembers(description);
    if ((await client.notes(group, topic)).has(STORE_NOTE)) {
      throw new PipelineError(
        `The group '${group}' feeds a store: its database decides where reading goes on`,
        {
          hint:
            "To store everything again, begin with another database. To pass messages over, set next in its table positions while the store is stopped.",
        },
      );
    }
    const plan = await planReset(client, request);
    const isNewGroup = description.state === "Dead";
    if (execute) {
      const offsets = new Map(plan.map(({ partition, to }) => [partition, to]));
      try {
        await client.commit(group, { topic, offsets });
      } catch (error) {
        if (!ACTIVE_CODES.includes(protocolCodeOf(error) ?? "")) throw error;
        // A member has come since, or is of the newer protocol, which this client doesn't see.
        requireNoMembers(await client.describe(group), error);
      }
    }
    return { isNewGroup, plan };
  });
}

/** Finds a topic's offsets; undefined if it doesn't exist any more, or the user may not see it. */
type FindRanges = (topic: string) => Promise<TopicRanges | undefined>;

/** Remembers the offsets of topics: several groups read the same ones. */
function rememberRanges(client: GroupClient): FindRanges {
  const found = new Map<string, Promise<TopicRanges | undefined>>();
  return (topic) =>
    found.getOrInsertComputed(
      topic,
      () =>
        client.ranges(topic).catch((error) => {
          if (protocolCodeOf(error) === "TOPIC_AUTHORIZATION_FAILED") {
            return undefined;
          }
          throw error;
        }),
    );
}

async function positionsOf(
  client: GroupClient,
  group: string,
  findRanges: FindRanges,
): Promise<GroupPositions> {
  const [{ state, members }, committed] = await Promise.all([
    client.describe(group),
    client.committed(group),
  ]);
  const topics = new Set([
    ...committed.keys(),
    ...members.flatMap((member) => Object.keys(member.partitions)),
  ]);
  const partitions = await Promise.all(
    [...topics].sort().map(async (topic) => {
      const found: TopicRanges = await findRanges(topic) ?? new Map();
      return [...found].map(([partition, range]): PartitionPosition => {
        const end = range?.high;
        const offset = committed.get(topic)?.get(partition);
        return {
          topic,
          partition,
          committed: offset,
          end,
          lag: offset === undefined || end === undefined
            ? undefined
            : end - offset,
          member: members.find((member) =>
            member.partitions[topic]?.includes(partition)
          ),
        };
      });
    }),
  );
  return { group, state, members, partitions: partitions.flat() };
}

async function planReset(
  client: GroupClient,
  { group, topic, partition, to: target }: ResetRequest,
): Promise<PlannedReset[]> {
  const [ranges, committed] = await Promise.all([
    rangesOf(client, { topic, partition }),
    client.committed(group),
  ]);
  const before = committed.get(topic);
  const places = await resolveTarget(client, {
    topic,
    target,
    ranges,
    shiftsFrom: (partition) => before?.get(partition),
  });
  return [...places].map(([partition, to]) => {
    const from = before?.get(partition);
    const again = from === undefined ? undefined : from - to;
    return { partition, from, to, again };
  });
}

const ACTIVE_CODES = [
  "UNKNOWN_MEMBER_ID",
  "ILLEGAL_GENERATION",
  "REBALANCE_IN_PROGRESS",
  "GROUP_ID_NOT_FOUND",
];

function requireNoMembers(
  { group, members }: GroupDescription,
  refusal?: unknown,
): void {
  if (members.length === 0 && refusal === undefined) return;
  const who = members
    .map(({ clientId, host }) => `${clientId} at ${host}`).join(", ");
  throw new PipelineError(
    `The group '${group}' is active${who && `: ${who}`}`,
    {
      cause: refusal,
      hint: "Stop its members first: they would overwrite the new offsets.",
    },
  );
}
