import { expect, test } from "vitest";
import { assertUnlocked, isLockLapsed, lockAt } from "../../../src/domain/bucket/lock.js";
import { refusalOf } from "../refusal.js";
import { created, locked, stateAfter } from "../specification.js";

const expiresAt = "2026-10-01T02:00:00.000Z";
const instant = Date.parse(expiresAt);

test("a lock without expiry holds for ever", () => {
  const state = stateAfter([created(), locked()]);
  expect(lockAt(state, Number.MAX_SAFE_INTEGER)?.holder).toBe("grace");
  expect(isLockLapsed(state, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test("a lock with expiry holds before that instant and not at it", () => {
  const state = stateAfter([created(), locked(expiresAt)]);
  expect(lockAt(state, instant - 1)).toBeDefined();
  expect(lockAt(state, instant)).toBeUndefined();
  expect(isLockLapsed(state, instant - 1)).toBe(false);
  expect(isLockLapsed(state, instant)).toBe(true);
});

test("a bucket without a lock has none that lapsed", () => {
  expect(isLockLapsed(stateAfter([created()]), instant)).toBe(false);
  expect(() => assertUnlocked(stateAfter([created()]), instant)).not.toThrow();
});

test("the message says by whom and how long", () => {
  const until = refusalOf(() => assertUnlocked(stateAfter([created(), locked(expiresAt)]), 0));
  expect(until.message).toBe(`The bucket "videos" is locked by grace until ${expiresAt}.`);
  const forever = refusalOf(() => assertUnlocked(stateAfter([created(), locked()]), 0));
  expect(forever.message).toBe('The bucket "videos" is locked by grace until it is unlocked.');
});
