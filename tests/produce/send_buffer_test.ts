/**
 * What holds a fast source back.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { SendBuffer } from "../../lib/produce/send_buffer.ts";

Deno.test("SendBuffer.room() returns undefined below its limit, and a promise of room from there on", async () => {
  const buffer = new SendBuffer(100);
  buffer.add(60);
  assertEquals(buffer.room(), undefined);
  buffer.add(40);
  const room = buffer.room();
  assertInstanceOf(room, Promise);
  let free = false;
  room.then(() => free = true);
  buffer.add(10);
  buffer.add(-10);
  await Promise.resolve();
  assertEquals(free, false);
  buffer.add(-1);
  await room;
  assertEquals(buffer.room(), undefined);
});

Deno.test("SendBuffer.unbound() releases who waits for room, for good", async () => {
  const buffer = new SendBuffer(100);
  buffer.add(1_000);
  const room = buffer.room();
  buffer.unbound();
  await room;
  buffer.add(1_000);
  assertEquals(buffer.room(), undefined);
});
