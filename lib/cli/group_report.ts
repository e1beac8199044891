/**
 * What `deno task group` prints.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import { escapeUnsafe } from "../base/terminal_text.ts";
import {
  type GroupPositions,
  type PartitionPosition,
  type ResetResult,
  UNKNOWN,
} from "../operate/groups.ts";
import { type Cell, tableText } from "./table.ts";

/** Adds up the lag; undefined if a partition has no leader to tell its end. */
function lagOf(partitions: readonly PartitionPosition[]): bigint | undefined {
  if (partitions.some(({ end }) => end === undefined)) return undefined;
  return partitions.reduce((sum, { lag = 0n }) => sum + lag, 0n);
}

/** Writes the list of groups: a table; a sentence if there are none. */
export function describeGroups(groups: readonly GroupPositions[]): string {
  if (groups.length === 0) return "There are no consumer groups.";
  return tableText(
    ["GROUP", "STATE", "MEMBERS", "LAG", "TOPICS"],
    groups.map(({ group, state, members, partitions }) => [
      group,
      state,
      members.length,
      state === UNKNOWN ? undefined : lagOf(partitions),
      [...new Set(partitions.map(({ topic }) => topic))].join(", "),
    ]),
  );
}

/** Writes where a group stands: a line about the group, a table with a row for each partition, and the lag in all. */
export function describeGroup(positions: GroupPositions): string {
  const { group, state, members, partitions } = positions;
  const rows = partitions.map((one): Cell[] => [
    one.topic,
    one.partition,
    one.committed,
    one.end,
    one.lag,
    one.member ? `${one.member.clientId} at ${one.member.host}` : "nobody",
  ]);
  return [
    `Group '${escapeUnsafe(group)}': ${state}, ${
      counted(members.length, "member")
    }.`,
    ...rows.length > 0
      ? [tableText(
        ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"],
        rows,
      )]
      : [],
    `Lag: ${lagOf(partitions) ?? "unknown, as a partition has no leader"}.`,
  ].join("\n");
}

/** Writes where a group stands for a program: one line of JSON; offsets are strings, as they are 64-bit numbers. */
export function groupJson(positions: GroupPositions): string {
  const { group, state, members, partitions } = positions;
  return JSON.stringify({
    group,
    state,
    members: members.map(({ clientId, host }) => ({ clientId, host })),
    lag: lagOf(partitions)?.toString() ?? null,
    partitions: partitions.map(({ member, ...one }) => ({
      topic: one.topic,
      partition: one.partition,
      committed: one.committed?.toString() ?? null,
      end: one.end?.toString() ?? null,
      lag: one.lag?.toString() ?? null,
      member: member?.clientId ?? null,
    })),
  });
}

/** Writes what a reset does, or would do: a table, and what it means. */
export function describeReset(
  { isNewGroup, plan }: ResetResult,
  executed: boolean,
): string {
  if (plan.length === 0) {
    return "Nothing to do: the group has committed no offset there to count from.";
  }
  let [again, skipped] = [0n, 0n];
  for (const { again: count = 0n } of plan) {
    if (count > 0n) again += count;
    else skipped -= count;
  }
  const verb = executed ? "will be" : "would be";
  return [
    tableText(
      ["PARTITION", "FROM", "TO", "CHANGE"],
      plan.map(({ partition, from, to, again }): Cell[] => [
        partition,
        from,
        to,
        describeChange(again),
      ]),
    ),
    `${counted(again, "message")} ${verb} read again, ${skipped} passed over.`,
    ...isNewGroup && !executed
      ? ["There is no such group yet: this would create it."]
      : [],
    executed ? "Done." : "Nothing was changed: --execute does it.",
  ].join("\n");
}

function describeChange(again: bigint | undefined): string {
  if (again === undefined) return "first offset";
  if (again === 0n) return "none";
  return again > 0n ? `${again} again` : `${-again} passed over`;
}
