/**
 * Two networks beside this machine's own, each a namespace of Linux, joined to it by a cable that can be pulled.
 *
 * @module
 */

import { HeldShell } from "../../support/held_shell.ts";

/**
 * Makes a bridge with an address for each server, and plugs the two namespaces into it. All names have the script's process id, so that
 * the next run removes what is left where this one is killed with SIGKILL.
 */
const SCRIPT = `name=cafe$$
remove() {
  set +e
  for side in 1 2; do
    ip netns pids $1-$side 2>/dev/null | xargs -r kill -9
    ip netns del $1-$side 2>/dev/null
    ip link del $1-$side 2>/dev/null
  done
  ip link del $1 2>/dev/null
}
for old in $(ip -o link show type bridge | sed -n 's/^[0-9]*: \\(cafe[0-9]*\\):.*/\\1/p'); do
  kill -0 \${old#cafe} 2>/dev/null || remove $old
done
number=$(( $$ % 512 ))
while :; do
  subnet=198.$(( 18 + number / 256 )).$(( number % 256 ))
  [ -n "$(ip -4 route show $subnet.0/24)" ] || break
  number=$(( (number + 1) % 512 ))
done
trap 'remove $name' EXIT
trap '' INT HUP TERM
# A frame to this address comes to nobody.
nobody=02:00:00:00:00:01
cut() { ip link set $name-$1 nomaster; }
hide() { ip -n $name-$1 neigh replace $subnet.$2 lladdr $nobody dev eth0 nud permanent; }
repair() {
  ip link set $name-$1 master $name
  ip -n $name-$1 neigh flush dev eth0 nud permanent
}
set -e
ip link add $name type bridge
for number in 1 2 3 4; do ip addr add $subnet.$number/24 dev $name; done
ip link set $name up
for side in 1 2; do
  ip netns add $name-$side
  ip link add $name-$side type veth peer name eth0 netns $name-$side
  ip link set $name-$side master $name up
  ip -n $name-$side addr add $subnet.10$side/24 dev eth0
  ip -n $name-$side link set lo up
  ip -n $name-$side link set eth0 up
done
echo $name $subnet
while read -r line; do
  $line
  echo done
done
`;

/** The networks, by number. */
export const SIDES = [1, 2] as const;

/** One of the networks. */
export type Side = typeof SIDES[number];

/** Why there are no networks; undefined if they can be made. */
export const whyNoNetworks: string | undefined = await findProblem();

async function findProblem(): Promise<string | undefined> {
  const needs: Deno.PermissionDescriptor[] = [
    { name: "run", command: "sh" },
    { name: "net", host: "198.18.0.1" },
  ];
  if (
    needs.some((need) => Deno.permissions.querySync(need).state !== "granted")
  ) return "needs --allow-run=sh --allow-net=198.18.0.0/15";
  await using shell = new HeldShell(SCRIPT);
  return await shell.answered().then(
    () => undefined,
    () => "needs root and ip, with network namespaces and bridges",
  );
}

/** Two networks. Disposing of them ends what runs in them. */
export class Networks implements AsyncDisposable {
  readonly #shell: HeldShell;
  readonly #name: string;
  readonly #subnet: string;

  private constructor(shell: HeldShell, name: string, subnet: string) {
    this.#shell = shell;
    this.#name = name;
    this.#subnet = subnet;
  }

  /**
   * Makes two networks.
   *
   * @returns The networks, both plugged in.
   * @throws {Error} If {@linkcode whyNoNetworks} has a reason.
   */
  static async make(): Promise<Networks> {
    const shell = new HeldShell(SCRIPT);
    const [name = "", subnet = ""] = (await shell.answered()).split(" ");
    return new Networks(shell, name, subnet);
  }

  /**
   * Names one of this machine's addresses that the networks reach.
   *
   * @param number Which, from 1 to 4.
   * @returns The address.
   */
  address(number: number): string {
    return `${this.#subnet}.${number}`;
  }

  /**
   * Names the namespace of a network.
   *
   * @param side The network.
   * @returns Its name, for `ip netns exec`.
   */
  namespace(side: Side): string {
    return `${this.#name}-${side}`;
  }

  /** Cuts a network off. Nothing tells either end: what they send is dropped. */
  async cut(side: Side): Promise<void> {
    await this.#shell.command(`cut ${side}`);
  }

  /** Drops what a network sends to one of the addresses, and nothing else. */
  async hide(side: Side, number: number): Promise<void> {
    await this.#shell.command(`hide ${side} ${number}`);
  }

  /** Ends what {@linkcode cut} and {@linkcode hide} did. */
  async repair(side: Side): Promise<void> {
    await this.#shell.command(`repair ${side}`);
  }

  /** Ends everything that runs in the networks, and removes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]();
  }
}
