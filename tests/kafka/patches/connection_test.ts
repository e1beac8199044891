/**
 * Brokers that send frames of lengths that no broker sends.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { withAdmin } from "../../../lib/kafka/client.ts";
import { MAX_FRAME_BYTES } from "../../../lib/kafka/patches/frames.ts";
import { DEFAULT_CONFIG } from "../../../lib/settings/config.ts";
import { permittedTest } from "../../support/permissions.ts";

const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "env" },
  { name: "sys", kind: "hostname" },
  { name: "net", host: "127.0.0.1" },
];
const CHUNK_BYTES = 1 << 16;
/** What fits in the buffers of a connection that nobody reads, generously. */
const MAX_SENT_BYTES = 32_000_000;

/** Accepts connections, and answers the first request of each with a frame of some length, as long as it is read. */
class FakeBroker implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open: Promise<void>[] = [];
  readonly #serving: Promise<void>;
  sentBytes = 0;

  constructor(length: number) {
    this.#serving = this.#serve(length);
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(length: number): Promise<void> {
    for await (const connection of this.#listener) {
      this.#open.push(
        this.#answer(connection, length).catch(() => {})
          .finally(() => connection.close()),
      );
    }
  }

  async #answer(connection: Deno.TcpConn, length: number): Promise<void> {
    await connection.read(new Uint8Array(1_024));
    const start = new Uint8Array(4);
    new DataView(start.buffer).setInt32(0, length);
    await connection.write(start);
    for (let left = Math.max(length, 0); left > 0;) {
      const chunk = new Uint8Array(Math.min(left, CHUNK_BYTES));
      left -= chunk.length;
      this.sentBytes += await connection.write(chunk);
    }
    // The client closes the connection.
    await connection.read(new Uint8Array(1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    await Promise.all(this.#open);
  }
}

for (const length of [3, 0, -1, MAX_FRAME_BYTES + 1, 2 ** 31 - 1]) {
  permittedTest(
    `withAdmin() treats a broker's frame of ${length} bytes as a broken connection`,
    NEEDS,
    async () => {
      await using broker = new FakeBroker(length);
      const config = { ...DEFAULT_CONFIG, brokers: [broker.address] };
      const error = await assertRejects(
        () =>
          withAdmin(
            config,
            { timeoutMs: 500 },
            (admin) => admin.brokers(),
          ),
        PipelineError,
        "Kafka can't be reached",
      );
      assertEquals(error.code, "kafka-unreachable");
      const { sentBytes } = broker;
      assert(sentBytes < MAX_SENT_BYTES, `${sentBytes} bytes`);
    },
  );
}
