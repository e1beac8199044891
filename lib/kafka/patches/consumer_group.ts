/**
 * Who a consumer is in its group after it has lost the connection.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

interface Options {
  /** The consumer's connections: the same ones through all of its restarts. */
  readonly cluster: object;
}

/**
 * Makes a consumer of kafkajs that joins its group again after a failure come as the member that it was. It comes as another one
 * otherwise, and the group waits for the old one until the session has run out.
 *
 * Nothing can be committed by that: what the old member has not committed is fetched again, and the coordinator refuses its id if the
 * group has gone on without it. It then joins as a new member.
 */
export function patchConsumerGroup(kafkajs: OwnCopy): void {
  const path = "src/consumer/consumerGroup.js";
  const ConsumerGroup = kafkajs.load<
    new (options: Options) => { readonly cluster: object }
  >(path);
  const members = new WeakMap<object, string | null>();
  kafkajs.replace(
    path,
    class extends ConsumerGroup {
      constructor(options: Options) {
        const member = members.get(options.cluster) ?? null;
        // This sets it to null.
        super(options);
        this.memberId = member;
      }

      get memberId(): string | null {
        return members.get(this.cluster) ?? null;
      }

      set memberId(id: string | null) {
        members.set(this.cluster, id);
      }
    },
  );
}
