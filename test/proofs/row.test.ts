import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StoredEvent } from "../../src/eventstore/frame.js";
import { decodeRow, encodeRow } from "../../src/proofs/row.js";
import { seed } from "../domain/arbitraries.js";

const bytes = (fill: number) => new Uint8Array(32).fill(fill);

const event: StoredEvent = {
  position: 2,
  stream: "bkt_1",
  version: 2,
  namespace: "default",
  bucketId: "bkt_1",
  eventId: "evt_2",
  transactionId: null,
  type: "bucket.patched",
  schemaVersion: 1,
  recordedAt: 1_759_312_800_000,
  meta: new Uint8Array(Buffer.from('{"actor":"ana"}')),
  metaSalt: bytes(1),
  metaCommitment: bytes(2),
  body: new Uint8Array(Buffer.from('{"changes":[],"note":"é 🎬 \\u0000"}')),
  salt: bytes(3),
  commitment: bytes(4),
  hash: bytes(5),
};

const line = encodeRow(event);

describe("a line is refused", () => {
  test.each([
    ["that is no JSON", line.slice(0, -1)],
    ["without one of its columns", line.replace('"stream":"bkt_1",', "")],
    ["with a column more", line.replace("{", '{"more":1,')],
    ["with a fraction for a position", line.replace('"position":2', '"position":2.5')],
    ["with a position beyond 2^53", line.replace('"position":2', '"position":9007199254740993')],
    ["with another form of base64", line.replace("BQU=", "BQV=")],
    ["that is a list", "[]"],
    ["that is empty", ""],
  ])("%s", (_, broken) => {
    expect(() => decodeRow(broken)).toThrow(/no row of a log/);
  });
});

test("a row is written as the format says, for ever", () => {
  expect(line).toBe(
    '{"position":2,"stream":"bkt_1","version":2,"namespace":"default","bucket_id":"bkt_1",' +
      '"event_id":"evt_2","transaction_id":null,"type":"bucket.patched","schema_version":1,' +
      '"recorded_at":1759312800000,"meta":"{\\"actor\\":\\"ana\\"}",' +
      '"meta_salt":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",' +
      '"meta_commitment":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",' +
      '"body":"{\\"changes\\":[],\\"note\\":\\"é 🎬 \\\\u0000\\"}",' +
      '"salt":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",' +
      '"commitment":"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=",' +
      '"hash":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU="}',
  );
});

test("erased bytes and salts are null, and come back so", () => {
  const erased = { ...event, body: null, salt: null, meta: null, metaSalt: null };
  expect(encodeRow(erased)).toContain('"body":null,"salt":null');
  expect(decodeRow(encodeRow(erased))).toEqual(erased);
});

test("any event comes back as it was", () => {
  const text = fc.string({ unit: "grapheme" }).map((value) => new Uint8Array(Buffer.from(value)));
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(text, text, digest, fc.maxSafeNat(), (meta, body, hash, position) => {
      const any = { ...event, meta, body, hash, salt: hash, position };
      expect(decodeRow(encodeRow(any))).toEqual(any);
    }),
    { seed },
  );
});
