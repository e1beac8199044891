/**
 * Takes dead members out of a consumer group before their session runs out, as Kafka's tool for groups can.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Config } from "../../../lib/settings/config.ts";
import { memberIds } from "../../support/groups.ts";

const LEAVE_GROUP = 13;
const VERSION = 3;

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function int(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

/**
 * Takes every member out of a group. None of them may be alive.
 *
 * @param config Where Kafka is; one broker.
 * @param group The group.
 */
export async function removeDeadMembers(
  config: Config,
  group: string,
): Promise<void> {
  const members = await memberIds(config, group);
  if (members.length === 0) return;
  const request = Buffer.concat([
    int(LEAVE_GROUP, 2),
    int(VERSION, 2),
    int(1, 4),
    text("fault-tests"),
    text(group),
    int(members.length, 4),
    // A member without a static id: a text of length -1.
    ...members.flatMap((member) => [text(member), int(-1, 2)]),
  ]);
  const [broker = ""] = config.brokers;
  const { hostname, port } = new URL(`http://${broker}`);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(Buffer.concat([int(request.length, 4), request]));
  await connection.read(new Uint8Array(1_024));
}
