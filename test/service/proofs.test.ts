/**
 * Goal: what a log signs and proves holds for somebody who has its key alone, whichever face it is
 * asked through; and it never signs two histories. Method: the checks of `bucketlog/proofs`, which
 * share nothing with the store but the format.
 */
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { BucketStore } from "../../src/api/index.js";
import { connectBuckets, openBuckets } from "../../src/index.js";
import {
  type Checkpoint,
  openCheckpoint,
  parseVerifier,
  verifyConsistency,
  verifyEventProof,
  verifyInclusion,
} from "../../src/proofs/index.js";
import { noteSigner, parseNote } from "../../src/proofs/note.js";
import { startServer } from "../../src/server.js";
import { temporaryFile } from "../support/backends.js";
import { tamper } from "../support/forge.js";

const origin = "example.com/buckets";
const signer = noteSigner(origin, new Uint8Array(32).fill(9));
const known = [signer.verifier];
const keyed = { origin, signingKey: signer.skey };

async function record(store: BucketStore, name: string): Promise<string> {
  const { buckets } = store.namespace();
  const schema = { properties: {} };
  const { bucket } = await buckets.create({ bucket_name: name, bucket_schema: schema });
  for (const description of ["a", "b", "c"]) await buckets.patch(name, { description });
  return bucket.bucket_id ?? "";
}

const bytes = (hex: string) => Buffer.from(hex, "hex");

/** Opens a store behind a face, hands it to the work, and lets go of it. */
const faces: Record<string, (work: (store: BucketStore) => Promise<void>) => Promise<void>> = {
  "the library in memory": async (work) => {
    await using store = await openBuckets({ file: ":memory:" });
    await work(store);
  },
  "the library on a file": async (work) => {
    await using store = await openBuckets({ file: temporaryFile() });
    await work(store);
  },
  "the client": async (work) => {
    await using server = await startServer();
    await using store = connectBuckets({ baseUrl: server.url, token: server.token });
    await work(store);
  },
};

describe.each(Object.entries(faces))("asked through %s", (_, within) => {
  test.each([
    ["a checkpoint before the first", (s: BucketStore) => s.proofs.checkpoint(), "NOT_FOUND"],
    [
      "a checkpoint of no size",
      (s: BucketStore) => s.proofs.checkpoint({ size: 0 }),
      "BAD_REQUEST",
    ],
    ["half a position", (s: BucketStore) => s.proofs.inclusion({ position: 1.5 }), "BAD_REQUEST"],
    ["position 0", (s: BucketStore) => s.proofs.inclusion({ position: 0 }), "BAD_REQUEST"],
    [
      "a position beyond the head",
      (s: BucketStore) => s.proofs.inclusion({ position: 9 }),
      "NOT_FOUND",
    ],
    [
      "a position beyond the size",
      (s: BucketStore) => s.proofs.inclusion({ position: 3, size: 2 }),
      "BAD_REQUEST",
    ],
    [
      "consistency backwards",
      (s: BucketStore) => s.proofs.consistency({ from: 3, to: 2 }),
      "BAD_REQUEST",
    ],
    [
      "consistency with what is not there yet",
      (s: BucketStore) => s.proofs.consistency({ from: 3, to: 9 }),
      "NOT_FOUND",
    ],
    [
      "the proof of an event that was not signed",
      (s: BucketStore) => s.namespace().buckets.proof("films", 1),
      "NOT_FOUND",
    ],
  ])("%s is refused", async (__, ask, code) => {
    await within(async (store) => {
      await record(store, "films");
      await expect(ask(store)).rejects.toMatchObject({ code });
    });
  });

  test("every event is proved by a file, its place, and the growth of the log", async () => {
    await within(async (store) => {
      await record(store, "films");
      const first = await store.proofs.sign();
      await record(store, "clips");
      const second = await store.proofs.sign();
      expect(await store.proofs.checkpoint()).toEqual(second);
      expect(await store.proofs.checkpoint({ size: first.size })).toEqual(first);

      const { hashes, ...between } = await store.proofs.consistency({ from: 4, to: 8 });
      expect(between).toEqual({ from: 4, to: 8, from_root: first.root, to_root: second.root });
      const [fromRoot, toRoot] = [bytes(first.root), bytes(second.root)];
      const proof = hashes.map(bytes);
      expect(verifyConsistency({ from: 4, to: 8, fromRoot, toRoot, proof })).toBe(true);

      for (let position = 1; position <= 8; position += 1) {
        const { leaf, index, size, root, ...rest } = await store.proofs.inclusion({ position });
        expect(rest.checkpoint).toBe(second.note);
        const path = rest.hashes.map(bytes);
        const claim = { leaf: bytes(leaf), index, size, root: bytes(root), proof: path };
        expect(verifyInclusion(claim)).toBe(true);
      }
    });
  });
});

describe.each(Object.entries(faces))("what happened to the log, through %s", (_, within) => {
  test("is nothing to most, under the name that it signs with", async () => {
    await within(async (store) => {
      await record(store, "films");
      const { origin } = await store.proofs.sign();
      expect(await store.proofs.log()).toEqual({
        log_id: origin.replace("bucketlog.local/", ""),
        origin,
        truncations: [],
        forks: [],
        key_rotations: [],
      });
    });
  });
});

test("a log signs under the name that it has, with a key of its own beside the file", async () => {
  const file = temporaryFile();
  await using store = await openBuckets({ file });
  await record(store, "films");
  const { note, origin: named } = await store.proofs.sign();
  expect(named).toMatch(/^bucketlog\.local\/log_[0-9a-z]{26}$/);
  expect(statSync(`${file}.sign`).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${file}.sign`, "utf8")).toMatch(/^PRIVATE\+KEY\+bucketlog\.local\/log_/);
  expect(readFileSync(`${file}.sign.state`, "utf8")).toBe(note);
});

test("the proof of an event holds, and shows what was asked for alone", async () => {
  await using store = await openBuckets({ file: temporaryFile(), ...keyed });
  const { buckets } = store.namespace();
  const id = await record(store, "films");
  await store.proofs.sign();
  const closed = verifyEventProof(await buckets.proof("films", 2), known);
  expect(closed.event).toMatchObject({ stream: id, version: 2, body: null, meta: null });
  const text = await buckets.proof("films", 2, { disclose: ["body"] });
  const { event, checkpoint } = verifyEventProof(text, known);
  expect(Buffer.from(event.body ?? []).toString()).toContain('"value":"a"');
  expect(event.meta).toBeNull();
  expect(checkpoint).toMatchObject({ origin, size: 4 });
});

test("who, why and from where is shown over HTTP to an admin alone", async () => {
  await using server = await startServer();
  await record(server.store, "films");
  await server.store.proofs.sign();
  const { token } = await server.store.tokens.create({ name: "guest", permission: "write" });
  const ask = async (token: string, disclose: string) => {
    const path = `/v1/buckets/films/history/2/proof?disclose=${disclose}`;
    const headers = { Authorization: `Bearer ${token}` };
    return (await fetch(`${server.url}${path}`, { headers })).status;
  };
  expect(await ask(token, "meta")).toBe(403);
  expect(await ask(token, "body,meta")).toBe(403);
  expect(await ask(token, "header,body")).toBe(200);
  expect(await ask(server.token, "body,meta")).toBe(200);
});

test("the header alone proves that something of that kind was recorded, also to who asks over HTTP", async () => {
  await using server = await startServer();
  await using store = connectBuckets({ baseUrl: server.url, token: server.token });
  await record(store, "films");
  const { note } = await store.proofs.sign();
  const vkeys = parseNote(note).signatures.length;
  expect(vkeys).toBe(1);
  const ask = (path: string, accept: string) =>
    fetch(`${server.url}${path}`, {
      headers: { Authorization: `Bearer ${server.token}`, Accept: accept },
    });
  const asked = await ask("/v1/log/proofs/inclusion?position=2", "text/plain");
  expect(asked.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
  const text = await asked.text();
  expect(text).toMatch(/^c2sp.org\/tlog-proof@v1\nextra \S+\nindex 1\n/);
  expect(text.endsWith(`\n\n${note}`)).toBe(true);
  const [, extra = ""] = /^extra (.*)$/m.exec(text) ?? [];
  expect(JSON.parse(Buffer.from(extra, "base64").toString())).toMatchObject({
    position: 2,
    type: "bucket.patched",
    body: null,
    meta: null,
  });
  const unsigned = await ask("/v1/log/proofs/inclusion?position=2&size=3", "text/plain");
  expect(unsigned.status).toBe(404);
  const sized = await ask("/v1/log/proofs/inclusion?position=2&size=3", "application/json");
  expect(await sized.json()).not.toHaveProperty("checkpoint");
  const chained = await store.namespace().buckets.proof("films", 2, {
    disclose: ["header"],
    withPrevious: true,
  });
  expect(Buffer.from(/^extra (.*)$/m.exec(chained)?.[1] ?? "", "base64").toString()).toContain(
    '"previous_path":["',
  );
});

test.each(["", "a b", "a+b", "a\nb", "a\u00a0b", "x".repeat(201)])(
  "a log cannot sign as %j",
  async (name) => {
    const opened = openBuckets({ file: ":memory:", origin: name });
    await expect(opened).rejects.toMatchObject({ code: "BAD_REQUEST" });
  },
);

test("a log of more than a tile keeps its tiles, and proves what lies in and beyond them", async () => {
  const file = temporaryFile();
  await using store = await openBuckets({ file, durability: "relaxed", ...keyed });
  const { buckets } = store.namespace();
  await record(store, "films");
  const patches = Array.from({ length: 600 }, (_, n) =>
    buckets.patch("films", { metadata: { n } }),
  );
  await Promise.all(patches);
  const { size, note } = await store.proofs.sign();
  expect(size).toBe(604);
  const root = openCheckpoint(note, known).root;
  for (const position of [1, 256, 257, 512, 513, 604]) {
    const proof = await store.proofs.inclusion({ position });
    const claim = { leaf: bytes(proof.leaf), index: proof.index, size, root };
    expect(verifyInclusion({ ...claim, proof: proof.hashes.map(bytes) })).toBe(true);
  }
});

test("a tile that is not kept any more is computed, and those behind it are at their places", async () => {
  const file = temporaryFile();
  const store = await openBuckets({ file, durability: "relaxed", ...keyed });
  await record(store, "films");
  const patches = Array.from({ length: 1_100 }, (_, n) =>
    store.namespace().buckets.patch("films", { metadata: { n } }),
  );
  await Promise.all(patches);
  const { size, root } = await store.proofs.sign();
  await store.close();
  tamper(file, (db) => db.exec("DELETE FROM tree WHERE level = 1 AND idx = 1"));
  await using reopened = await openBuckets({ file, ...keyed });
  const { leaf, index, hashes } = await reopened.proofs.inclusion({ position: size });
  const claim = { leaf: bytes(leaf), index, size, root: bytes(root), proof: hashes.map(bytes) };
  expect(verifyInclusion(claim)).toBe(true);
});

test("a log that has not grown is not signed anew", async () => {
  await using store = await openBuckets({ file: temporaryFile(), clock: () => 1_000 });
  await record(store, "films");
  const first = await store.proofs.sign();
  expect(await store.proofs.sign()).toEqual(first);
  expect(await Promise.all([store.proofs.sign(), store.proofs.sign()])).toEqual([first, first]);
});

test("many callers at once get checkpoints that fit together, while others write", async () => {
  await using store = await openBuckets({ file: temporaryFile(), ...keyed });
  await record(store, "films");
  const notes: Checkpoint[] = [];
  for (let round = 0; round < 5; round += 1) {
    const patched = store.namespace().buckets.patch("films", { metadata: { round } });
    const signed = await Promise.all([store.proofs.sign(), store.proofs.sign()]);
    await patched;
    notes.push(...signed.map(({ note }) => openCheckpoint(note, known)));
  }
  for (const { size, root } of notes) {
    const { to_root } = await store.proofs.consistency({ from: 1, to: size });
    expect(to_root).toBe(Buffer.from(root).toString("hex"));
  }
});

describe("never two histories", () => {
  async function signedFile() {
    const file = temporaryFile();
    const store = await openBuckets({ file });
    await record(store, "films");
    await store.close();
    copyFileSync(file, `${file}.old`);
    const later = await openBuckets({ file });
    await record(later, "clips");
    await later.proofs.sign();
    await later.close();
    return file;
  }

  test("a file that was rolled back is served, and nothing is signed", async () => {
    const file = await signedFile();
    copyFileSync(`${file}.old`, file);
    rmSync(`${file}.head`);
    await using store = await openBuckets({ file });
    await expect(store.proofs.sign()).rejects.toMatchObject({
      code: "FORKED",
      details: { size: 4, signed_size: 8 },
    });
    expect((await store.namespace().buckets.get("films")).bucket.description).toBe("c");
  });

  test("a file that was rolled back and went on is not signed either", async () => {
    const file = await signedFile();
    copyFileSync(`${file}.old`, file);
    rmSync(`${file}.head`);
    await using store = await openBuckets({ file });
    for (const name of ["others", "more", "many"]) await record(store, name);
    const before = readFileSync(`${file}.sign.state`, "utf8");
    await expect(store.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
    expect(readFileSync(`${file}.sign.state`, "utf8")).toBe(before);
  });

  test("what is signed is in the file of the last note before it is kept or shown", async () => {
    const file = temporaryFile();
    {
      await using store = await openBuckets({ file });
      await record(store, "films");
    }
    tamper(file, (db) =>
      db.exec(
        "CREATE TRIGGER refuse BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(ABORT, 'no'); END",
      ),
    );
    await using store = await openBuckets({ file });
    await expect(store.proofs.sign()).rejects.toThrow();
    expect(readFileSync(`${file}.sign.state`, "utf8")).toMatch(/\n4\n/);
    await expect(store.proofs.checkpoint()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("a key that is gone is not replaced once something was signed", async () => {
    const file = await signedFile();
    const key = readFileSync(`${file}.sign`);
    rmSync(`${file}.sign`);
    await using store = await openBuckets({ file });
    await record(store, "others");
    await expect(store.proofs.sign()).rejects.toMatchObject({ code: "KEY_MISSING" });
    expect(existsSync(`${file}.sign`)).toBe(false);
    writeFileSync(`${file}.sign`, key);
    const { size } = await store.proofs.sign();
    expect(size).toBe(12);
  });

  test("the key of another log does not sign this one", async () => {
    const file = await signedFile();
    const other = noteSigner("other.example", new Uint8Array(32));
    await using store = await openBuckets({ file, signingKey: other.skey });
    await expect(store.proofs.sign()).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect(() => parseVerifier(other.verifier.vkey)).not.toThrow();
  });
});
