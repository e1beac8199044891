/**
 * A broker that keeps a connection and answers nothing on it.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "node:net";
import { loadKafkajsFile } from "../../../lib/kafka/patches/load.ts";
import { permittedTest } from "../../support/permissions.ts";

const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "env" },
  { name: "read" },
  { name: "net", host: "127.0.0.1" },
];

interface Connection {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  readonly requestQueue: {
    push(request: {
      readonly entry: {
        readonly correlationId: number;
        resolve(): void;
        reject(error: Error): void;
      };
      readonly expectResponse: boolean;
      sendRequest(): void;
    }): void;
    fulfillRequest(answer: {
      readonly correlationId: number;
      readonly size: number;
      readonly payload: Uint8Array;
    }): void;
  };
}

const quiet = { debug() {}, error() {}, info() {}, warn() {} };

/** Accepts connections, and answers the first request of each but the first connection, or of none. */
function serve(isAlive: boolean): Disposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.TcpConn[] = [];
  (async () => {
    for await (const connection of listener) {
      open.push(connection);
      if (open.length === 1 || !isAlive) continue;
      await connection.read(new Uint8Array(100));
      const answer = new Uint8Array(10);
      new DataView(answer.buffer).setInt32(0, 6);
      new DataView(answer.buffer).setInt32(4, 1);
      await connection.write(answer);
    }
  })();
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of open) connection.close();
    },
  };
}

async function connectTo(port: number): Promise<Connection> {
  const Connection = await loadKafkajsFile<
    new (options: unknown) => Connection
  >("src/network/connection.js");
  const connection = new Connection({
    host: "127.0.0.1",
    port,
    logger: { namespace: () => quiet },
    socketFactory: (
      { onConnect }: { readonly onConnect: () => void },
    ) => connect({ host: "127.0.0.1", port }, onConnect),
    requestTimeout: 30_000,
    connectionTimeout: 30_000,
  });
  await connection.connect();
  return connection;
}

function ask(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) =>
    connection.requestQueue.push({
      entry: { correlationId: 7, resolve, reject },
      expectResponse: true,
      sendRequest() {},
    })
  );
}

permittedTest(
  "patchSilentBroker() gives up a request when its broker answers nobody, and not when it takes its time",
  NEEDS,
  async () => {
    using silent = serve(false);
    using slow = serve(true);
    const [dead, alive] = await Promise.all(
      [silent, slow].map(({ port }) => connectTo(port)),
    ) as [Connection, Connection];
    let answered = false;
    const waiting = ask(alive).then(() => answered = true);
    await assertRejects(
      () => ask(dead),
      Error,
      "Connection error: The broker does not answer",
    );
    assertEquals(answered, false);
    alive.requestQueue.fulfillRequest({
      correlationId: 7,
      size: 0,
      payload: new Uint8Array(),
    });
    await waiting;
    await alive.disconnect();
  },
);
