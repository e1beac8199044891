/**
 * A PostgreSQL server of a test's own, started from the system's package: not as root, on a free port, with its data in a temporary
 * folder.
 *
 * @module
 */

import postgres from "postgres";
import { freePorts } from "../../lib/engine/ports.ts";
import type { PostgresSettings } from "../../lib/settings/database.ts";
import { resolveDatabase } from "../../lib/settings/database.ts";
import { HeldShell } from "./held_shell.ts";

/** Finds the newest server that is installed. */
const FIND =
  `bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)" 2>/dev/null)
[ -x "$bin/initdb" ] || exit 1
[ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1 || exit 1`;

/**
 * Runs the server, and does what each line of its input says. It ends with its input, so that no server is left behind by a test that
 * is killed. Root may not run it: the user "postgres" of the package does.
 */
const SERVE = `${FIND}
cd /
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
folder=$(as mktemp -d /tmp/cafe-postgres-XXXXXX)
port=$1
host=$3
end() {
  as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1
  rm -rf "$folder" "$folder.out"
}
trap end EXIT
start() {
  # What a crash has left may still be in the way, for a moment.
  for try in $(seq 100); do
    as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 180 \\
      -o "-p $port -c listen_addresses=127.0.0.1\${host:+,$host} -c unix_socket_directories= -c ssl=on" start && return
    sleep 0.1
  done
  exit 1
}
crash() {
  pid=$(head -n 1 "$folder/data/postmaster.pid")
  children=$(cat /proc/$pid/task/*/children 2>/dev/null)
  kill -9 $pid $children
}
trap '' INT HUP TERM
{
  printf '%s' "$2" | as tee "$folder/password"
  as "$bin/initdb" -D "$folder/data" -U cafe -A scram-sha-256 --pwfile="$folder/password" -E UTF8 --locale=C --no-sync
  as openssl req -new -x509 -days 2 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \\
    -out "$folder/data/server.crt" -keyout "$folder/data/server.key"
  echo "host all all 198.18.0.0/15 scram-sha-256" | as tee -a "$folder/data/pg_hba.conf"
  start
} >"$folder.out" 2>&1
echo "$folder"
while read -r line; do
  "$line" >>"$folder.out" 2>&1
  echo "$line"
done
`;

const PASSWORD = "S3cret-of-the-tests";

/** Why no server can be started; undefined if one can. */
export const whyNoPostgres: string | undefined = await findProblem();

async function findProblem(): Promise<string | undefined> {
  const needs: Deno.PermissionDescriptor[] = [
    { name: "run", command: "sh" },
    { name: "net", host: "127.0.0.1" },
  ];
  if (
    needs.some((need) => Deno.permissions.querySync(need).state !== "granted")
  ) return "needs --allow-run=sh --allow-net";
  const { success } = await new Deno.Command("sh", { args: ["-c", FIND] })
    .output();
  return success ? undefined : "needs PostgreSQL";
}

/** A server. Disposing of it removes it. */
export class PostgresServer implements AsyncDisposable {
  readonly #shell: HeldShell;
  readonly #port: number;
  readonly #host: string;
  /** The folder with its data. */
  #folder = "";

  private constructor(port: number, host?: string) {
    this.#port = port;
    this.#host = host ?? "127.0.0.1";
    this.#shell = new HeldShell(SERVE, [String(port), PASSWORD, host ?? ""]);
  }

  /**
   * Starts a server.
   *
   * @param host Where tasks reach it besides 127.0.0.1: an address of {@linkcode Networks}.
   * @returns The server, ready for work.
   */
  static async launch(host?: string): Promise<PostgresServer> {
    const [port = 0] = freePorts(1);
    const server = new PostgresServer(port, host);
    server.#folder = await server.#shell.answered();
    return server;
  }

  /**
   * Says how to reach a database.
   *
   * @param name Its name.
   * @param changes What differs from that: another `url`, and variables.
   * @returns The settings.
   */
  settings(
    name = "postgres",
    changes: Readonly<Record<string, string>> = {},
  ): PostgresSettings {
    const {
      url = `postgres://cafe@127.0.0.1:${this.#port}/${name}`,
      ...variables
    } = changes;
    const env: Readonly<Record<string, string>> = {
      DATABASE_PASSWORD: PASSWORD,
      ...variables,
    };
    return resolveDatabase(url, {
      env: (variable) => env[variable],
    }) as PostgresSettings;
  }

  /** The file with the certificate, which is for `localhost` and signed by itself. */
  get certificateFile(): string {
    return `${this.#folder}/data/server.crt`;
  }

  /** The server's port. */
  get port(): number {
    return this.#port;
  }

  /** Where tasks reach it, `host:port`. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /**
   * Makes the environment of a task that uses a database.
   *
   * @param name The database's name.
   * @returns The variables.
   */
  env(name: string): Record<string, string> {
    return {
      DATABASE_URL: `postgres://cafe:${PASSWORD}@${this.address}/${name}`,
    };
  }

  /**
   * Creates a database.
   *
   * @returns Its name.
   */
  async create(): Promise<string> {
    const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
    await this.run(`CREATE DATABASE ${name}`);
    return name;
  }

  /**
   * Runs a statement as the superuser, outside of any transaction.
   *
   * @param sql The statement.
   * @param database The database's name.
   */
  async run(sql: string, database?: string): Promise<void> {
    const { hostname, port, user, password, database: name } = this.settings(
      database,
    );
    const client = postgres({
      host: hostname,
      port,
      user,
      pass: password?.reveal() ?? "",
      database: name,
      max: 1,
      onnotice: () => {},
    });
    try {
      await client.unsafe(sql);
    } finally {
      await client.end();
    }
  }

  /** Ends all its processes with SIGKILL. */
  async crash(): Promise<void> {
    await this.#shell.command("crash");
  }

  /** Starts it again. */
  async start(): Promise<void> {
    await this.#shell.command("start");
  }

  /** Ends and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]();
  }
}
