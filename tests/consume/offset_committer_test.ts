/**
 * Commits: one at a time, each covering all that was processed, never more than was processed, and none lost.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { OffsetCommitter } from "../../lib/consume/offset_committer.ts";

interface Commit {
  readonly positions: [number, string][];
  succeed(): void;
  fail(error: Error): void;
}

/** A committer whose commits end when the test says so. */
function bench() {
  const commits: Commit[] = [];
  const account = { atOnce: 0, mostAtOnce: 0 };
  const committer = new OffsetCommitter(async (positions) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    commits.push({
      positions: [...positions],
      succeed: resolve,
      fail: reject,
    });
    account.mostAtOnce = Math.max(account.mostAtOnce, ++account.atOnce);
    try {
      await promise;
    } finally {
      account.atOnce--;
    }
  });
  return { committer, commits, account };
}

/** Lets everything run that waits for nothing but its turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

const positionsOf = (commits: readonly Commit[]) =>
  commits.map(({ positions }) => positions);

Deno.test("OffsetCommitter.mark() commits each message at once when no commit is under way", async () => {
  const { committer, commits } = bench();
  for (const next of ["1", "2", "3"]) {
    committer.mark(0, next);
    assertEquals(commits.at(-1)?.positions, [[0, next]]);
    commits.at(-1)?.succeed();
    await turn();
  }
  assertEquals(commits.length, 3);
});

Deno.test("OffsetCommitter.mark() gathers the last position of each partition while a commit is under way", async () => {
  const { committer, commits, account } = bench();
  committer.mark(0, "1");
  for (let next = 2; next <= 500; next++) committer.mark(0, String(next));
  committer.mark(2, "9223372036854775807");
  await turn();
  assertEquals(commits.length, 1);
  commits[0]?.succeed();
  await turn();
  commits[1]?.succeed();
  await committer.flush();
  assertEquals(positionsOf(commits), [
    [[0, "1"]],
    [[0, "500"], [2, "9223372036854775807"]],
  ]);
  assertEquals(account.mostAtOnce, 1);
});

Deno.test("OffsetCommitter.flush() waits until everything marked is committed", async () => {
  const { committer, commits } = bench();
  await committer.flush();
  committer.mark(0, "1");
  committer.mark(0, "2");
  let flushed = false;
  const flush = committer.flush().then(() => flushed = true);
  await turn();
  assertEquals(flushed, false);
  commits[0]?.succeed();
  await turn();
  assertEquals([commits.length, flushed], [2, false]);
  commits[1]?.succeed();
  await flush;
  assertEquals(commits.length, 2);
});

Deno.test("OffsetCommitter.flush() throws when a commit failed, and the next one commits it again with what came since", async () => {
  const { committer, commits } = bench();
  const refusal = new Error("Rebalance");
  committer.mark(0, "1");
  committer.mark(1, "7");
  commits[0]?.fail(refusal);
  await turn();
  committer.mark(0, "2");
  await turn();
  assertEquals(commits.length, 1, "nothing is committed behind a failure");
  assertEquals(committer.failed, true);
  const flush = committer.flush();
  await turn();
  assertEquals(commits[1]?.positions, [[1, "7"], [0, "2"]]);
  commits[1]?.fail(refusal);
  assertEquals(await assertRejects(() => flush), refusal);
  const again = committer.flush();
  await turn();
  commits[2]?.succeed();
  await again;
  assertEquals(commits[2]?.positions, [[1, "7"], [0, "2"]]);
  assertEquals(committer.failed, false);
  await committer.flush();
  assertEquals(commits.length, 3);
});

Deno.test("OffsetCommitter keeps the newer position when a commit fails that had the older one", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  committer.mark(0, "2");
  commits[0]?.fail(new Error("Rebalance"));
  await turn();
  const flush = committer.flush();
  await turn();
  commits[1]?.succeed();
  await flush;
  assertEquals(positionsOf(commits), [[[0, "1"]], [[0, "2"]]]);
});

Deno.test("OffsetCommitter.forget() drops what waits for a commit", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  committer.mark(0, "2");
  committer.forget();
  commits[0]?.succeed();
  await committer.flush();
  assertEquals(positionsOf(commits), [[[0, "1"]]]);
});

Deno.test("OffsetCommitter.forget() drops a failure and what it left", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  commits[0]?.fail(new Error("Rebalance"));
  await turn();
  committer.forget();
  await committer.flush();
  committer.mark(1, "5");
  commits[1]?.succeed();
  await committer.flush();
  assertEquals(positionsOf(commits), [[[0, "1"]], [[1, "5"]]]);
});

Deno.test("OffsetCommitter.forget() lets a commit that fails later bring nothing back", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  committer.forget();
  commits[0]?.fail(new Error("Not a member"));
  await turn();
  await committer.flush();
  committer.mark(1, "5");
  commits[1]?.succeed();
  await committer.flush();
  assertEquals(positionsOf(commits), [[[0, "1"]], [[1, "5"]]]);
});

Deno.test("OffsetCommitter.forget() loses nothing that is marked after it, when a commit from before it fails", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  committer.forget();
  committer.mark(1, "5");
  commits[0]?.fail(new Error("Not a member"));
  await turn();
  assertEquals(positionsOf(commits), [[[0, "1"]], [[1, "5"]]]);
  commits[1]?.succeed();
  await committer.flush();
});

/** Numbers from 0 up to, and without, a limit: the same ones for a seed (a linear congruential generator). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

/** Marks, answers, failures and flushes in a random order; then everything ends well. */
async function interleave(seed: number): Promise<void> {
  const below = seeded(seed);
  const { committer, commits, account } = bench();
  const marked = new Map<number, number>();
  const committed = new Map<number, number>();
  const flushes: Promise<void>[] = [];
  let answered = 0;
  const answer = (fails: boolean) => {
    const commit = commits[answered];
    if (!commit) return;
    answered++;
    if (fails) return commit.fail(new Error("Rebalance"));
    for (const [partition, next] of commit.positions) {
      assert(
        Number(next) > (committed.get(partition) ?? 0),
        `seed ${seed}: went back`,
      );
      committed.set(partition, Number(next));
    }
    commit.succeed();
  };
  for (let step = 0; step < 60; step++) {
    const action = below(10);
    if (action < 6) {
      const partition = below(3);
      const next = (marked.get(partition) ?? 0) + 1 + below(2);
      marked.set(partition, next);
      committer.mark(partition, String(next));
    } else if (action < 9) answer(below(4) === 0);
    else flushes.push(committer.flush().catch(() => {}));
    if (below(2) === 0) await turn();
    for (const [partition, next] of commits.at(-1)?.positions ?? []) {
      assert(Number(next) <= (marked.get(partition) ?? 0), `seed ${seed}`);
    }
  }
  let done = false;
  while (!done) {
    const end = committer.flush().then(() => done = true, () => {});
    while (answered < commits.length || account.atOnce > 0) {
      answer(false);
      await turn();
    }
    await end;
  }
  await Promise.all(flushes);
  assertEquals(committed, marked, `seed ${seed}`);
  assertEquals(account.mostAtOnce <= 1, true, `seed ${seed}: two at once`);
}

Deno.test("OffsetCommitter never commits beyond what is marked, never goes back, and ends at the last mark, in any order of events", async () => {
  for (let seed = 0; seed < 300; seed++) await interleave(seed);
});

Deno.test("OffsetCommitter.behind tells whether something waits for a commit, or for its answer", async () => {
  const { committer, commits } = bench();
  assertEquals(committer.behind, false);
  committer.mark(0, "1");
  assertEquals(committer.behind, true);
  committer.mark(0, "2");
  assertEquals(committer.behind, true);
  commits[0]?.succeed();
  await turn();
  commits[1]?.fail(new Error("Rebalance"));
  await turn();
  assertEquals(committer.behind, true);
  committer.forget();
  assertEquals(committer.behind, false);
});

Deno.test("OffsetCommitter.flush() waits for the commit under way after forget(), throws nothing, and commits nothing more", async () => {
  const { committer, commits } = bench();
  committer.mark(0, "1");
  committer.mark(0, "2");
  committer.forget();
  let hasEnded = false;
  const ended = committer.flush().then(() => hasEnded = true);
  await turn();
  assertEquals(hasEnded, false);
  commits[0]?.fail(new Error("No answer"));
  await ended;
  assertEquals(positionsOf(commits), [[[0, "1"]]]);
  assertEquals(committer.behind, false);
});
