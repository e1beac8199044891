/**
 * A broker by its IPv6 address.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { withAdmin } from "../../../lib/kafka/client.ts";
import { addressOf } from "../../../lib/kafka/probe.ts";
import { integrationTest } from "../../support/integration.ts";
import { permittedTest } from "../../support/permissions.ts";
import { socketFactory } from "../../../lib/kafka/sockets.ts";
import { runTaskProcess } from "../../support/task_process.ts";

/** Listens at an IPv6 address, and passes on what comes to a broker. */
class Ipv6Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "::1", port: 0 });
  readonly #serving: Promise<void>;
  readonly #open = new Set<Deno.TcpConn>();

  constructor(target: string) {
    this.#serving = this.#serve(target);
  }

  get address(): string {
    return `[::1]:${this.#listener.addr.port}`;
  }

  async #serve(target: string): Promise<void> {
    const { host, port } = addressOf(target);
    const relays: Promise<unknown>[] = [];
    for await (const client of this.#listener) {
      const broker = await Deno.connect({ hostname: host, port });
      this.#open.add(client).add(broker);
      relays.push(
        client.readable.pipeTo(broker.writable).catch(() => {}),
        broker.readable.pipeTo(client.writable).catch(() => {}),
      );
    }
    await Promise.all(relays);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const end of this.#open) {
      try {
        end.close();
      } catch {
        // The pipe has closed it.
      }
    }
    await this.#serving;
  }
}

integrationTest(
  "withAdmin() and the tasks reach a broker by its IPv6 address",
  async ({ config, topic }) => {
    await using relay = new Ipv6Relay(config.brokers[0] ?? "");
    const brokers = [relay.address];
    assertEquals(
      await withAdmin(
        { ...config, brokers },
        {},
        async (admin) => (await admin.brokers()).length,
      ),
      1,
    );
    const { code, stderr } = await runTaskProcess(config, "topic", [
      `--topic=${topic}`,
      `--brokers=${relay.address}`,
    ], { reach: [relay.address] });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

permittedTest(
  "socketFactory() makes sockets to an address that a cluster advertises, IPv6 too",
  [{ name: "net", host: "[::1]" }, { name: "env" }],
  async () => {
    const listener = Deno.listen({ hostname: "::1", port: 0 });
    const open = socketFactory(undefined);
    for (const host of ["::1", "[::1]"]) {
      const connected = Promise.withResolvers<void>();
      const accepted = listener.accept();
      const socket = open({
        host,
        port: listener.addr.port,
        onConnect: () => connected.resolve(),
      });
      socket.on("error", (error) => connected.reject(error));
      await connected.promise;
      (await accepted).close();
      const closed = Promise.withResolvers<void>();
      socket.once("close", () => closed.resolve());
      socket.destroy();
      await closed.promise;
    }
    listener.close();
  },
);
