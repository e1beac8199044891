/**
 * A real broker that asks who comes: listeners with TLS, logins and client certificates, and an authorizer that lets nobody
 * do what was not granted.
 *
 * @module
 */

import { removeIfThere } from "../../lib/base/files.ts";
import type { AclEntry } from "kafkajs";
import type { Config } from "../../lib/settings/config.ts";
import {
  brokerProcess,
  nodeProperties,
  type Properties,
  randomClusterId,
  renderProperties,
} from "../../lib/engine/broker.ts";
import { archiveOptions } from "../../lib/engine/class_archive.ts";
import { ensurePrograms } from "../../lib/engine/download.ts";
import { type JavaProcess, SMALL_JAVA } from "../../lib/engine/java_process.ts";
import { brokerData, foldersOf } from "../../lib/engine/paths.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { runCommand } from "../../lib/engine/shell.ts";
import { Watchdog } from "./watchdog.ts";
import { withAdmin } from "./kafkajs.ts";
import type { Certified } from "./certificates.ts";
import { PATIENCE_MS } from "./patience.ts";

/** A right: on what, and to do what. */
export type Right = `${"TOPIC" | "GROUP" | "CLUSTER"} ${string} ${
  | "READ"
  | "WRITE"
  | "CREATE"
  | "DESCRIBE"}`;

/** The broker's listeners, each with what it asks for. */
export const LISTENERS = [
  "PLAINTEXT",
  "SASLSSL",
  "SASLPLAIN",
  "MUTUAL",
  "OTHERNAME",
  "EXPIRED",
] as const;

/** What a secured broker is made of. */
export interface SecuredBrokerOptions {
  /** A folder for its data, which is removed with it. */
  readonly dir: string;
  /** Its certificate, for localhost. */
  readonly server: Certified;
  /** A certificate for another name. */
  readonly otherName: Certified;
  /** A certificate that has expired. */
  readonly expired: Certified;
  /** The authority whose clients it trusts, in PEM. */
  readonly authority: string;
  /** The user who may log in, by every mechanism. */
  readonly user: string;
  /** That user's password. */
  readonly password: string;
}

function keystore(listener: string, { cert, key }: Certified) {
  const prefix = `listener.name.${listener.toLowerCase()}.ssl.keystore`;
  return {
    [`${prefix}.type`]: "PEM",
    [`${prefix}.certificate.chain`]: cert,
    [`${prefix}.key`]: key,
  };
}

function login(listener: string, options: SecuredBrokerOptions) {
  const prefix = `listener.name.${listener.toLowerCase()}`;
  const scram =
    "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    [`${prefix}.plain.sasl.jaas.config`]:
      "org.apache.kafka.common.security.plain.PlainLoginModule required " +
      `user_${options.user}="${options.password}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: scram,
  };
}

/** A broker that asks who comes. Its PLAINTEXT listener lets everybody do everything, for the tests' own needs. */
export class SecuredBroker implements AsyncDisposable {
  readonly #options: SecuredBrokerOptions;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #properties: Properties;
  readonly #process: JavaProcess;
  readonly #watchdog: Watchdog;

  private constructor(options: SecuredBrokerOptions) {
    const { dir, authority } = options;
    this.#options = options;
    const [controllerPort = 0, ...ports] = freePorts(1 + LISTENERS.length);
    this.#ports = new Map(LISTENERS.map((name, i) => [name, ports[i] ?? 0]));
    this.#watchdog = new Watchdog(dir);
    const node = {
      id: 1,
      kafkaPort: this.#ports.get("PLAINTEXT") ?? 0,
      controllerPort,
    };
    const at = (host: string) =>
      LISTENERS.map((name) => `${name}://${host}:${this.#ports.get(name)}`);
    this.#properties = {
      ...nodeProperties(node, {
        nodes: [node],
        data: brokerData(foldersOf(dir), 1),
      }),
      "listeners": [
        ...at("127.0.0.1"),
        `CONTROLLER://127.0.0.1:${controllerPort}`,
      ].join(","),
      "advertised.listeners": at("localhost").join(","),
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASLSSL:SASL_SSL,SASLPLAIN:SASL_PLAINTEXT,MUTUAL:SSL,OTHERNAME:SASL_SSL,EXPIRED:SASL_SSL",
      ...keystore("SASLSSL", options.server),
      ...keystore("MUTUAL", options.server),
      ...keystore("OTHERNAME", options.otherName),
      ...keystore("EXPIRED", options.expired),
      ...login("SASLSSL", options),
      ...login("SASLPLAIN", options),
      ...login("OTHERNAME", options),
      ...login("EXPIRED", options),
      "listener.name.mutual.ssl.client.auth": "required",
      "listener.name.mutual.ssl.truststore.type": "PEM",
      "listener.name.mutual.ssl.truststore.certificates": authority,
      "authorizer.class.name":
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS",
    };
    this.#process = brokerProcess({
      dir,
      address: () => this.address("PLAINTEXT"),
      properties: () => this.#properties,
    });
  }

  /**
   * Starts a broker.
   *
   * @param options What it is made of.
   * @returns The broker, with its user.
   */
  static async start(options: SecuredBrokerOptions): Promise<SecuredBroker> {
    const broker = new SecuredBroker(options);
    try {
      await broker.#format();
      await broker.#process.start();
      return broker;
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Says where a listener is.
   *
   * @param listener The listener.
   * @returns Its address, `host:port`.
   */
  address(listener: typeof LISTENERS[number]): string {
    return `localhost:${this.#ports.get(listener)}`;
  }

  /** Every listener's address. */
  get addresses(): string[] {
    return LISTENERS.map((listener) => this.address(listener));
  }

  /** The settings by which everything is allowed. */
  get superuser(): Config {
    return { brokers: [this.address("PLAINTEXT")], registryUrl: "http://none" };
  }

  /** Formats its data folder, which its first start then leaves alone, with the user in it. */
  async #format(): Promise<void> {
    const { kafka } = await ensurePrograms();
    const { dir, user, password } = this.#options;
    const propertiesFile = `${dir}/format.properties`;
    await Deno.mkdir(dir, { recursive: true });
    await Deno.writeTextFile(
      propertiesFile,
      renderProperties(this.#properties),
    );
    const { code, stdout, stderr } = await runCommand([
      "java",
      ...SMALL_JAVA,
      ...await archiveOptions(kafka),
      ...["-cp", `${kafka}/*`, "kafka.tools.StorageTool", "format"],
      ...["--cluster-id", randomClusterId(), "--config", propertiesFile],
      ...["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
        "--add-scram",
        `${mechanism}=[name=${user},password=${password}]`,
      ]),
    ], { timeoutMs: PATIENCE_MS });
    if (code !== 0) {
      throw new Error(`No SCRAM user: ${stdout.slice(-1000)}${stderr}`);
    }
  }

  /**
   * Gives a user these rights and no others.
   *
   * @param user The user, as Kafka names it: `User:…`.
   * @param rights The rights.
   */
  async grantOnly(user: string, rights: readonly Right[]): Promise<void> {
    const {
      AclOperationTypes,
      AclPermissionTypes,
      AclResourceTypes,
      ResourcePatternTypes,
    } = await import("kafkajs");
    await withAdmin(this.superuser, {}, async (admin) => {
      await admin.deleteAcls({
        filters: [{
          principal: user,
          resourceType: AclResourceTypes.ANY,
          resourcePatternType: ResourcePatternTypes.ANY,
          operation: AclOperationTypes.ANY,
          permissionType: AclPermissionTypes.ANY,
        }],
      });
      const acl = rights.map((right): AclEntry => {
        const [kind, name = "", operation] = right.split(" ");
        const prefix = name.endsWith("*");
        return {
          resourceType: AclResourceTypes[kind as "TOPIC"],
          resourceName: prefix ? name.slice(0, -1) : name,
          resourcePatternType:
            ResourcePatternTypes[prefix ? "PREFIXED" : "LITERAL"],
          principal: user,
          host: "*",
          operation: AclOperationTypes[operation as "READ"],
          permissionType: AclPermissionTypes.ALLOW,
        };
      });
      if (acl.length > 0) await admin.createAcls({ acl });
    });
  }

  /** Ends it as a crash would. Its data stays. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts it again. */
  async restart(): Promise<void> {
    await this.#process.start();
  }

  /** Ends it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
    await this.#watchdog.release();
    await removeIfThere(this.#options.dir);
  }
}
