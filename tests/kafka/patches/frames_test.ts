/**
 * Frames taken apart, however a connection cuts them, and the memory of those that have been used.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  FrameError,
  FrameReader,
  MAX_FRAME_BYTES,
  releasePart,
  usePart,
} from "../../../lib/kafka/patches/frames.ts";

function frameOf(content: string): Buffer {
  const frame = Buffer.alloc(4 + content.length);
  frame.writeInt32BE(content.length);
  frame.write(content, 4);
  return frame;
}

const CONTENTS = ["ping", "a long one", "next", "0123456789".repeat(5), "last"];
const STREAM = Buffer.concat(CONTENTS.map(frameOf));

/** What a reader finds in the stream that comes in parts of so many bytes. */
function readInParts(length: number): string[] {
  const reader = new FrameReader();
  const found: string[] = [];
  for (let at = 0; at < STREAM.length; at += length) {
    for (const frame of reader.read(STREAM.subarray(at, at + length))) {
      found.push(frame.toString("latin1", 4));
    }
  }
  return found;
}

Deno.test("FrameReader.read() finds the same frames however they are cut", () => {
  for (let length = 1; length <= STREAM.length; length++) {
    assertEquals(readInParts(length), CONTENTS, `parts of ${length}`);
  }
});

Deno.test("FrameReader.read() keeps what follows a frame when its caller stops there", () => {
  for (let length = 1; length <= STREAM.length; length++) {
    const reader = new FrameReader();
    const found: string[] = [];
    const take = (part: Buffer) => {
      for (const frame of reader.read(part)) {
        return found.push(frame.toString("latin1", 4));
      }
      return undefined;
    };
    for (let at = 0; at < STREAM.length; at += length) {
      take(STREAM.subarray(at, at + length));
    }
    while (take(Buffer.alloc(0)));
    assertEquals(found, CONTENTS, `parts of ${length}`);
  }
});

Deno.test("FrameReader.read() refuses lengths that no broker sends", () => {
  for (const length of [-1, 0, 3, MAX_FRAME_BYTES + 1]) {
    const start = Buffer.alloc(4);
    start.writeInt32BE(length);
    assertThrows(() => [...new FrameReader().read(start)], FrameError);
  }
});

Deno.test("releasePart() frees a frame that came in parts, once none of it is in use, and no memory that others share", () => {
  const reader = new FrameReader();
  const frame = frameOf("0123456789");
  assertEquals([...reader.read(frame.subarray(0, 7))], []);
  const [whole] = reader.read(frame.subarray(7));
  const parts = [whole!.subarray(4, 8), whole!.subarray(8)];
  parts.forEach(usePart);
  releasePart(parts[0]!);
  assertEquals(parts.map(String), ["0123", "456789"]);
  releasePart(parts[1]!);
  assertEquals(parts.map(({ length }) => length), [0, 0]);

  const [shared] = new FrameReader().read(frame);
  usePart(shared!);
  releasePart(shared!);
  assertEquals(shared, frame);
});
