/** The states that the writer has at hand are those of the head, and never too many. */
import { expect, test } from "vitest";
import type { AppliedEvent, BlamedState } from "../../src/domain/resource.js";
import { StateCache } from "../../src/engines/sqlite/state-cache.js";
import { sqliteBackend } from "../support/backends.js";
import { commitOne, Units } from "../support/units.js";

const headAt = (position: number) => ({ position, hash: new Uint8Array(32), recordedAt: 0 });

/** What the log made of a few buckets, to be told to a cache. */
async function appliedEvents(): Promise<readonly AppliedEvent[]> {
  const backend = sqliteBackend();
  const units = new Units();
  const applied: AppliedEvent[] = [];
  backend.events.onChange((events) => applied.push(...(events ?? [])));
  for (const name of ["a", "b", "c"]) {
    await commitOne(backend.events, units.of(units.create(name)));
  }
  return applied;
}

/** A reader of the rows that events left, and how often it was asked. */
function rowsOf(events: readonly AppliedEvent[]) {
  let reads = 0;
  const read = (stream: string): BlamedState | undefined => {
    reads += 1;
    const event = events.findLast(({ recorded }) => recorded.stream === stream);
    return event && { state: event.after, blame: event.blame };
  };
  return { read, reads: () => reads };
}

test("what is not there is asked for each time", () => {
  const cache = new StateCache();
  const { read, reads } = rowsOf([]);
  const load = cache.at(headAt(1), read);
  expect([load("nobody"), load("nobody"), reads()]).toEqual([undefined, undefined, 2]);
});

test("a state is read once, and again when the log is found at another head", async () => {
  const [first] = await appliedEvents();
  if (first === undefined) throw new Error("There are no events.");
  const cache = new StateCache();
  const { read, reads } = rowsOf([first]);
  const { stream } = first.recorded;
  for (let times = 0; times < 2; times += 1) {
    expect(cache.at(headAt(1), read)(stream)?.state).toBe(first.after);
  }
  expect(reads()).toBe(1);
  cache.update(headAt(2), []);
  expect(cache.at(headAt(2), read)(stream)?.state).toBe(first.after);
  expect(reads()).toBe(1);
  cache.at(headAt(9), read)(stream);
  expect(reads()).toBe(2);
  cache.clear();
  cache.at(headAt(9), read)(stream);
  expect(reads()).toBe(3);
});

test("what a commit left takes the place of what was read, and the oldest make room", async () => {
  const events = await appliedEvents();
  const [first, second, third] = events;
  if (first === undefined || second === undefined || third === undefined) {
    throw new Error("There are too few events.");
  }
  const cache = new StateCache({ statesMax: 2, bytesMax: 1_000_000 });
  const { read, reads } = rowsOf([first]);
  cache.at(headAt(1), read)(first.recorded.stream);
  const newer = { ...first, after: { ...first.after, version: 2 } };
  cache.update(headAt(2), [newer, second]);
  expect(cache.at(headAt(2), read)(first.recorded.stream)?.state.version).toBe(2);
  expect(reads()).toBe(1);
  cache.update(headAt(3), [third]);
  const load = cache.at(headAt(3), read);
  expect(load(third.recorded.stream)?.state).toBe(third.after);
  expect(load(second.recorded.stream)?.state).toBe(second.after);
  expect(reads()).toBe(1);
  load(first.recorded.stream);
  expect(reads()).toBe(2);
});
