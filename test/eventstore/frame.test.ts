/**
 * The layout of the hashed header is fixed for ever. The vectors were made by another program, from
 * the words of the specification alone.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chainHash,
  commit,
  type EventHeader,
  frame,
  sha256,
  zeroHash,
} from "../../src/eventstore/frame.js";

const range = (from: number, to: number) =>
  Uint8Array.from({ length: to - from }, (_, index) => from + index);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const text = (value: string) => Buffer.from(value);

const header: EventHeader = {
  position: 3,
  stream: "bkt_00000000000000000000000001",
  version: 2,
  namespace: "default",
  bucketId: "bkt_00000000000000000000000001",
  eventId: "evt_00000000000000000000000007",
  transactionId: "txn_00000000000000000000000009",
  type: "bucket.unlocked",
  schemaVersion: 1,
  recordedAt: 1_790_812_800_000,
  metaCommitment: commit(range(0, 16), text('{"actor":"alice","request_id":"req_1"}')),
  commitment: commit(range(16, 32), text("{}")),
};

const previousHash = new Uint8Array(32).fill(0xab);

const goldenFrame = [
  "01",
  "000000080000000000000003",
  "0000001e626b745f3030303030303030303030303030303030303030303030303031",
  "000000080000000000000002",
  "0000000764656661756c74",
  "0000001e626b745f3030303030303030303030303030303030303030303030303031",
  "0000001e6576745f3030303030303030303030303030303030303030303030303037",
  "0000001e74786e5f3030303030303030303030303030303030303030303030303039",
  "0000000f6275636b65742e756e6c6f636b6564",
  "000000080000000000000001",
  "00000008000001a0f4c2c400",
  "00000020ea0afb3727bc492b810c58ee1d13030712c69fa3f772f950bcb544de4785a818",
  "000000205f7213c2bf337f08868288d93c28567c0320bbd1cf580e2714896f72f6e64203",
].join("");

describe("the frame of an event", () => {
  test("has exactly these bytes for this header", () => {
    expect(hex(frame(header))).toBe(goldenFrame);
  });

  test("gives exactly these hashes on top of this previous hash", () => {
    expect(hex(chainHash(previousHash, header))).toBe(
      "f97ce11c987c9068143d30fc21de47a1ff3add2429a1c2063a99e8fcb52baed0",
    );
    expect(hex(chainHash(previousHash, { ...header, transactionId: null }))).toBe(
      "a8c1d2dc2c117cf4ee13fffec43b31a0b03fab8d5eee6d40b03262d6bd51e3fe",
    );
  });

  test("the hash of an event is the digest of the previous hash and the frame", () => {
    const expected = sha256(Buffer.concat([previousHash, frame(header)]));
    expect(chainHash(previousHash, header)).toEqual(expected);
    expect(chainHash(zeroHash, header)).not.toEqual(expected);
  });

  test("a commitment depends on the salt and on the bytes", () => {
    const salt = range(0, 16);
    expect(commit(salt, text("a"))).toEqual(sha256(Buffer.concat([salt, text("a")])));
    expect(commit(salt, text("a"))).not.toEqual(commit(salt, text("b")));
    expect(commit(salt, text("a"))).not.toEqual(commit(range(1, 17), text("a")));
  });

  test.each<Partial<EventHeader>>([
    { position: 4 },
    { stream: "bkt_00000000000000000000000002" },
    { version: 3 },
    { namespace: "defaulT" },
    { bucketId: "bkt_00000000000000000000000002" },
    { eventId: "evt_00000000000000000000000008" },
    { transactionId: "txn_00000000000000000000000008" },
    { transactionId: "" },
    { transactionId: null },
    { type: "bucket.locked" },
    { schemaVersion: 2 },
    { recordedAt: header.recordedAt + 1 },
    { metaCommitment: header.commitment },
    { commitment: header.metaCommitment },
  ])("another value in a column gives another hash: %j", (change) => {
    expect(chainHash(previousHash, { ...header, ...change })).not.toEqual(
      chainHash(previousHash, header),
    );
  });

  test("an empty transaction id is not an absent one", () => {
    const empty = frame({ ...header, transactionId: "" });
    const absent = frame({ ...header, transactionId: null });
    expect(empty.length).toBe(absent.length);
    expect(empty).not.toEqual(absent);
  });

  test("two different headers never have the same frame", () => {
    // Short values from few letters, so that bytes wander between neighbouring columns.
    const short = fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "é"), maxLength: 3 });
    const number = fc.integer({ min: 0, max: 3 });
    const digest = fc.uint8Array({ min: 0, max: 1, minLength: 2, maxLength: 2 });
    const headers = fc.record<EventHeader>({
      position: number,
      stream: short,
      version: number,
      namespace: short,
      bucketId: short,
      eventId: short,
      transactionId: fc.option(short),
      type: short,
      schemaVersion: number,
      recordedAt: number,
      metaCommitment: digest,
      commitment: digest,
    });
    const columns = (value: EventHeader) =>
      JSON.stringify({
        ...value,
        metaCommitment: hex(value.metaCommitment),
        commitment: hex(value.commitment),
      });
    // Mostly neighbours: two headers that differ in a few columns only.
    const pairs = fc
      .tuple(headers, headers, fc.subarray(Object.keys(header)))
      .map(([a, b, keys]) => {
        const kept = Object.entries(a).filter(([key]) => keys.includes(key));
        return [a, { ...b, ...Object.fromEntries(kept) }] as const;
      });
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        expect(hex(frame(a)) === hex(frame(b))).toBe(columns(a) === columns(b));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
