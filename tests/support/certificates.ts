/**
 * Certificates for tests, made by openssl in a folder that is gone afterwards.
 *
 * @module
 */

import { runCommand } from "../../lib/engine/shell.ts";
import { PATIENCE_MS } from "./patience.ts";

/** A certificate and its key, each as a file and as text. */
export interface Certified {
  /** The certificate's file. */
  readonly certFile: string;
  /** The key's file. */
  readonly keyFile: string;
  /** The certificate, in PEM. */
  readonly cert: string;
  /** The key, in PEM. */
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateSpec {
  /** The owner's common name. */
  readonly name: string;
  /** The names it is for: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** For how many days; a negative number makes one that has expired. */
  readonly days?: number;
}

/** Whether openssl is there to be used. */
export async function opensslProblem(): Promise<string | undefined> {
  const run = { name: "run", command: "openssl" } as const;
  if (Deno.permissions.querySync(run).state !== "granted") {
    return "needs --allow-run=openssl";
  }
  const { code } = await runCommand(["openssl", "version"]);
  return code === 0 ? undefined : "needs openssl";
}

async function openssl(...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(["openssl", ...args], {
    timeoutMs: PATIENCE_MS,
  });
  if (code !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
}

async function read(base: string): Promise<Certified> {
  const [certFile, keyFile] = [`${base}.pem`, `${base}.key`];
  return {
    certFile,
    keyFile,
    cert: await Deno.readTextFile(certFile),
    key: await Deno.readTextFile(keyFile),
  };
}

/** An authority that signs certificates. */
export class Authority {
  readonly #folder: string;
  /** Its own certificate and key. */
  readonly own: Certified;

  private constructor(folder: string, own: Certified) {
    this.#folder = folder;
    this.own = own;
  }

  /**
   * Makes an authority.
   *
   * @param folder Where its files go.
   * @param name Its name; it is a server too if that is a host's.
   * @returns The authority.
   */
  static async create(folder: string, name: string): Promise<Authority> {
    const base = `${folder}/${name}`;
    await openssl(
      ..."req -x509 -newkey rsa:2048 -nodes -days 2".split(" "),
      ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
      ...["-keyout", `${base}.key`, "-out", `${base}.pem`],
    );
    return new Authority(folder, await read(base));
  }

  /**
   * Signs a certificate.
   *
   * @param spec What it says.
   * @returns The certificate and its new key.
   */
  async sign(spec: CertificateSpec): Promise<Certified> {
    const { name, names = `DNS:${name}`, days = 2 } = spec;
    const base = `${this.#folder}/${name}-${crypto.randomUUID().slice(0, 8)}`;
    await openssl(
      ..."req -newkey rsa:2048 -nodes".split(" "),
      ...["-subj", `/CN=${name}`],
      ...["-keyout", `${base}.key`, "-out", `${base}.csr`],
    );
    await Deno.writeTextFile(`${base}.ext`, `subjectAltName=${names}\n`);
    await openssl(
      ...["x509", "-req", "-in", `${base}.csr`, "-days", String(days)],
      ...["-CA", this.own.certFile, "-CAkey", this.own.keyFile],
      ...["-CAcreateserial", "-extfile", `${base}.ext`, "-out", `${base}.pem`],
    );
    return await read(base);
  }
}

/**
 * Encrypts a private key.
 *
 * @param certified Whose key.
 * @param password The password.
 * @returns The file with the encrypted key.
 */
export async function encryptKey(
  { keyFile }: Certified,
  password: string,
): Promise<string> {
  const file = `${keyFile}.encrypted`;
  await openssl(
    ...["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", keyFile],
    ...["-passout", `pass:${password}`, "-out", file],
  );
  return file;
}
