/**
 * What `deno task group` prints.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  describeGroup,
  describeGroups,
  describeReset,
  groupJson,
} from "../../lib/cli/group_report.ts";

const MEMBER = {
  id: "till-1",
  clientId: "till",
  host: "10.0.0.7",
  partitions: {},
};

const GROUP = {
  group: "points",
  state: "Stable",
  members: [MEMBER],
  partitions: [
    {
      topic: "demo",
      partition: 0,
      committed: 4n,
      end: 10n,
      lag: 6n,
      member: MEMBER,
    },
    {
      topic: "demo",
      partition: 1,
      committed: undefined,
      end: 2n,
      lag: undefined,
      member: undefined,
    },
  ],
};

Deno.test("describeGroup() has a row for each partition, and the lag in all", () => {
  assertEquals(describeGroup(GROUP).split("\n"), [
    "Group 'points': Stable, 1 member.",
    "TOPIC  PARTITION  COMMITTED  END  LAG  MEMBER",
    "demo           0          4   10    6  till at 10.0.0.7",
    "demo           1          -    2    -  nobody",
    "Lag: 6.",
  ]);
});

Deno.test("describeGroup(), describeGroups() and groupJson() claim no lag where a partition has no leader", () => {
  const [first, second] = GROUP.partitions;
  const dark = {
    ...GROUP,
    partitions: [first!, { ...second!, end: undefined }],
  };
  assertEquals(describeGroup(dark).split("\n").slice(-2), [
    "demo           1          -    -    -  nobody",
    "Lag: unknown, as a partition has no leader.",
  ]);
  assertEquals(describeGroups([dark]).split("\n"), [
    "GROUP   STATE   MEMBERS  LAG  TOPICS",
    "points  Stable        1    -  demo",
  ]);
  assertEquals(JSON.parse(groupJson(dark)).lag, null);
});

Deno.test("groupJson() writes offsets as text, and null for what is not known", () => {
  assertEquals(JSON.parse(groupJson(GROUP)), {
    group: "points",
    state: "Stable",
    members: [{ clientId: "till", host: "10.0.0.7" }],
    lag: "6",
    partitions: [
      {
        topic: "demo",
        partition: 0,
        committed: "4",
        end: "10",
        lag: "6",
        member: "till",
      },
      {
        topic: "demo",
        partition: 1,
        committed: null,
        end: "2",
        lag: null,
        member: null,
      },
    ],
  });
});

Deno.test("describeReset() says how many messages come again and how many are passed over", () => {
  const plan = [
    { partition: 0, from: 4n, to: 0n, again: 4n },
    { partition: 1, from: 2n, to: 9n, again: -7n },
    { partition: 2, from: undefined, to: 3n, again: undefined },
  ];
  assertEquals(
    describeReset({ isNewGroup: false, plan }, false).split("\n"),
    [
      "PARTITION  FROM  TO  CHANGE",
      "        0     4   0  4 again",
      "        1     2   9  7 passed over",
      "        2     -   3  first offset",
      "4 messages would be read again, 7 passed over.",
      "Nothing was changed: --execute does it.",
    ],
  );
});
