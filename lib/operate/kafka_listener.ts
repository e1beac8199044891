/**
 * What a broker's port speaks: plain text or TLS, with a login or without.
 *
 * Where it is not what the settings say, a broker closes the connection and says nothing, which looks like a broker that is
 * down. So the port is asked, with a request that sends no secret: which mechanisms it has for a login.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { PipelineError } from "../base/errors.ts";
import type { KafkaSecurity, SecurityProtocol } from "../settings/security.ts";
import { handshake, isCertificateProblem, openTls } from "../settings/tls.ts";

/** How long a port may take to answer, in milliseconds. */
const DEADLINE_MS = 3_000;

const SASL_HANDSHAKE = 17;
const ILLEGAL_SASL_STATE = 34;

/** What a port turned out to speak. */
type Answer = "login" | "no login" | "TLS" | "nothing";

/** A SaslHandshake request, version 1, for the mechanism that every broker knows of. */
function handshakeRequest(): Uint8Array {
  const client = new TextEncoder().encode("cafe-event-pipeline");
  const mechanism = new TextEncoder().encode("PLAIN");
  const bytes = new Uint8Array(
    4 + 8 + 2 + client.length + 2 + mechanism.length,
  );
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length - 4);
  view.setInt16(4, SASL_HANDSHAKE);
  view.setInt16(6, 1);
  view.setInt32(8, 1);
  view.setInt16(12, client.length);
  bytes.set(client, 14);
  view.setInt16(14 + client.length, mechanism.length);
  bytes.set(mechanism, 16 + client.length);
  return bytes;
}

/** Reads the error code behind the size and the number of the request. */
function readAnswer(bytes: Uint8Array): Answer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const answered = bytes.length >= 10 &&
    view.getInt32(0) === bytes.length - 4 &&
    view.getInt32(4) === 1;
  if (!answered) return "nothing";
  return view.getInt16(8) === ILLEGAL_SASL_STATE ? "no login" : "login";
}

function ask(open: (onConnect: () => void) => Socket): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const socket = open(() => socket.write(handshakeRequest()));
  const end = (answer: Answer) => {
    socket.destroy();
    resolve(answer);
  };
  socket.setTimeout(DEADLINE_MS, () => end("nothing"));
  socket.once("data", (bytes: Uint8Array) => end(readAnswer(bytes)));
  socket.once(
    "error",
    (error) => end(isCertificateProblem(error) ? "TLS" : "nothing"),
  );
  socket.once("close", () => end("nothing"));
  return promise;
}

function addressOf(broker: string): { host: string; port: number } {
  const at = broker.lastIndexOf(":");
  return {
    host: broker.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(broker.slice(at + 1)),
  };
}

async function examine(
  broker: string,
  security: KafkaSecurity | undefined,
): Promise<{ readonly tls: boolean; readonly answer: Answer }> {
  const { host, port } = addressOf(broker);
  const plain = () => ask((onConnect) => connect({ host, port }, onConnect));
  const secured = () =>
    ask((onConnect) => openTls({ host, port }, security?.tls, onConnect));
  const expectsTls = security?.protocol.endsWith("SSL") ?? false;
  for (const tls of [expectsTls, !expectsTls]) {
    const answer = await (tls ? secured() : plain());
    if (answer !== "nothing") return { tls, answer };
  }
  return { tls: expectsTls, answer: "nothing" };
}

/**
 * Makes sure that the brokers' ports speak what the settings say.
 *
 * @param brokers The brokers; the first that answers counts.
 * @param security How the connection is secured, by the settings.
 * @returns Whether one answered, and as it should. False: nothing is known.
 * @throws {PipelineError} If it speaks something else, or refuses this client's certificate.
 */
export async function checkListener(
  brokers: readonly string[],
  security: KafkaSecurity | undefined,
): Promise<boolean> {
  const protocol = security?.protocol ?? "PLAINTEXT";
  for (const broker of brokers) {
    const { tls, answer } = await examine(broker, security);
    if (answer === "nothing") {
      if (!tls) continue;
      // Whoever sends something to a server that refuses it may lose the refusal, as the server cuts the connection.
      const { outcome, error } = await handshake(
        addressOf(broker),
        security?.tls,
        DEADLINE_MS,
      );
      if (outcome === "refused") throw clientRefused(broker, error);
      continue;
    }
    if (tls !== protocol.endsWith("SSL")) {
      throw wrongProtocol(broker, protocol, tls ? "TLS" : "plain text");
    }
    // What refused a certificate is told by whoever connects.
    if (answer === "TLS") return false;
    if ((answer === "login") !== protocol.startsWith("SASL")) {
      throw wrongProtocol(
        broker,
        protocol,
        answer === "login" ? "only to who logs in" : "with no login",
      );
    }
    return true;
  }
  return false;
}

/**
 * Makes the error for a port that speaks something else than the settings say.
 *
 * @param broker The broker's address.
 * @param protocol What the settings say.
 * @param speaks What the port speaks, to end the sentence.
 * @returns The error.
 */
export function wrongProtocol(
  broker: string,
  protocol: SecurityProtocol,
  speaks: string,
): PipelineError {
  return new PipelineError(
    `The broker at ${broker} speaks ${speaks}, and KAFKA_SECURITY_PROTOCOL is ${protocol}`,
    {
      hint:
        "Set KAFKA_SECURITY_PROTOCOL to what this port speaks, or name the port of another listener in KAFKA_BROKERS.",
    },
  );
}

/**
 * Makes the error for a client whose certificate is refused.
 *
 * @param brokers Who refuses it.
 * @param cause What the connection, or kafkajs, gave.
 * @returns The error.
 */
export function clientRefused(brokers: string, cause: unknown): PipelineError {
  return new PipelineError(
    `Kafka at ${brokers} refuses this client's certificate, or misses one`,
    { cause, hint: "Check KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE." },
  );
}
