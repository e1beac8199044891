/**
 * A copy of kafkajs beside the one that the rest of a program uses.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { OwnCopy } from "../../../lib/kafka/patches/own_copy.ts";
import { permittedTest } from "../../support/permissions.ts";

const FETCH = "src/protocol/requests/fetch/index.js";
const DECODE = "src/protocol/requests/fetch/v4/decodeMessages.js";

/** kafkajs' module for the fetch API. It loads the files of a version when that is used. */
interface FetchApi {
  protocol(options: { readonly version: number }): (request: object) => {
    readonly response: { decode(response: Uint8Array): Promise<unknown> };
  };
}

permittedTest(
  "OwnCopy.replace() changes its own copy of kafkajs, files that are loaded late too, and no other",
  [{ name: "env" }],
  async () => {
    const [first, second] = [await OwnCopy.make(), await OwnCopy.make()];
    const ours = await import("kafkajs");
    const replacement = () => "replaced";
    first.replace(DECODE, replacement);
    const decoderOf = (copy: OwnCopy) => {
      const api = copy.load<FetchApi>(FETCH);
      api.protocol({ version: 11 })({ topics: [] });
      return copy.load(DECODE);
    };
    assertStrictEquals(decoderOf(first), replacement);
    const { default: original } = await import(
      "kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js"
    );
    assert(original !== replacement);
    assert(decoderOf(second) !== replacement);
    assertEquals(
      new Set([
        ours.Kafka,
        first.load<typeof ours>("index.js").Kafka,
        second.load<typeof ours>("index.js").Kafka,
      ]).size,
      3,
    );
    // What others import later is theirs, and the same as before.
    assertStrictEquals((await import("kafkajs")).Kafka, ours.Kafka);
  },
);

permittedTest(
  "OwnCopy.load() returns the same exports each time",
  [{ name: "env" }],
  async () => {
    const copy = await OwnCopy.make();
    assertStrictEquals(copy.load("index.js"), copy.load("index.js"));
    const { KafkaJSError } = copy.load<
      { readonly KafkaJSError: new (message: string) => Error }
    >("src/errors.js");
    assert(new KafkaJSError("x") instanceof Error);
  },
);
