import { describe, expect, test } from "vitest";
import { chainHash, commit, type StoredEvent, zeroHash } from "../../src/eventstore/frame.js";
import { inclusionProof, leafHash, treeRoot } from "../../src/eventstore/tree.js";
import { openCheckpoint, signCheckpoint } from "../../src/proofs/checkpoint.js";
import { encodeEventProof, verifyEventProof } from "../../src/proofs/event-proof.js";
import { noteSigner, signNote } from "../../src/proofs/note.js";

const origin = "bucketlog.local/log_1";
const signer = noteSigner(origin, new Uint8Array(32).fill(7));
const known = [signer.verifier];

function eventAt(position: number, previousHash: Uint8Array): StoredEvent {
  const salt = new Uint8Array(16).fill(position);
  const [meta, body] = [
    Buffer.from('{"actor":"ana"}'),
    Buffer.from(`{"changes":[],"n":${position}}`),
  ];
  const header = {
    position,
    stream: "bkt_1",
    version: position,
    namespace: "default",
    bucketId: "bkt_1",
    eventId: `evt_${position}`,
    transactionId: null,
    type: "bucket.patched",
    schemaVersion: 1,
    recordedAt: 1_759_312_800_000,
    metaCommitment: commit(salt, meta),
    commitment: commit(salt, body),
  };
  const hash = chainHash(previousHash, header);
  return { ...header, meta, metaSalt: salt, body, salt, hash };
}

const log: StoredEvent[] = [];
for (let position = 1; position <= 20; position += 1) {
  log.push(eventAt(position, log.at(-1)?.hash ?? zeroHash));
}
const hashes = {
  at: (_: number, from: number, count: number) =>
    log.slice(from, from + count).map(({ hash }) => leafHash(hash)),
};

function proofOf(position: number, size = log.length) {
  const event = log[position - 1];
  if (event === undefined) throw new Error(`no event ${position}`);
  return {
    event,
    previousHash: log[position - 2]?.hash ?? zeroHash,
    path: inclusionProof(hashes, position - 1, size),
    checkpoint: signCheckpoint({ origin, size, root: treeRoot(hashes, size) }, [signer]),
  };
}

const proof = proofOf(13);
const undisclosed = { body: null, salt: null, meta: null, metaSalt: null };

describe("a proof of an event does not hold", () => {
  test.each([
    ["when its body is another", { event: { ...proof.event, body: Buffer.from("{}") } }, "body"],
    ["when its meta is another", { event: { ...proof.event, meta: Buffer.from("{}") } }, "meta"],
    ["when a salt is kept back", { event: { ...proof.event, salt: null } }, "body"],
    ["when it is told of another stream", { event: { ...proof.event, stream: "bkt_2" } }, "chain"],
    ["after another event", { previousHash: zeroHash }, "chain hash"],
    ["when it is of a later tree", { path: proofOf(13, 16).path }, "not in the tree"],
    [
      "under a checkpoint that the log has not signed",
      { checkpoint: signNote(`${origin}\n20\nAAAA\n`, [noteSigner("other", new Uint8Array(32))]) },
      "no key that you named",
    ],
    [
      "under a signed note that is no checkpoint",
      { checkpoint: signNote("good morning\n", [signer]) },
      "origin, size and root",
    ],
  ])("%s", (_, change, why) => {
    const text = encodeEventProof({ ...proof, ...change });
    expect(() => verifyEventProof(text, known)).toThrow(why);
  });

  test.each([
    ["empty", ""],
    ["of another format", encodeEventProof(proof).replace("@v1", "@v2")],
    ["without its row", encodeEventProof(proof).replace(/extra .*/, "extra e30=")],
    ["with another index", encodeEventProof(proof).replace("index 12", "index 13")],
    ["with a line that is no hash", encodeEventProof(proof).replace("index 12\n", "index 12\nx\n")],
  ])("when it is %s", (_, text) => {
    expect(() => verifyEventProof(text, known)).toThrow(
      expect.objectContaining({ code: "PROOF_INVALID" }),
    );
  });

  test("under the checkpoint of another log, though its key is known", () => {
    const other = noteSigner("other.example", new Uint8Array(32).fill(8));
    const note = signCheckpoint({ origin, size: 20, root: treeRoot(hashes, 20) }, [other]);
    expect(() => openCheckpoint(note, [other.verifier])).toThrow(`no key of "${origin}"`);
  });
});

test("every event of a log is proved from its file and the key alone", () => {
  for (const { position } of log) {
    const { event, checkpoint } = verifyEventProof(encodeEventProof(proofOf(position)), known);
    expect(event.eventId).toBe(`evt_${position}`);
    expect(checkpoint).toMatchObject({ origin, size: 20 });
  }
});

describe("with the event before", () => {
  const previousPath = (position: number, size = log.length) =>
    inclusionProof(hashes, position - 2, size);

  test("a proof shows for every event but the first that it was chained to that one", () => {
    for (const { position } of log.slice(1)) {
      const text = encodeEventProof({
        ...proofOf(position),
        previousPath: previousPath(position),
      });
      expect(verifyEventProof(text, known)).toMatchObject({ isPreviousProved: true });
      expect(verifyEventProof(encodeEventProof(proofOf(position)), known)).toMatchObject({
        isPreviousProved: false,
      });
    }
    expect(verifyEventProof(encodeEventProof(proofOf(1)), known)).toMatchObject({
      isPreviousProved: true,
    });
  });

  test.each([
    ["that is of another event", { previousPath: previousPath(14) }],
    ["that is of a smaller tree", { previousPath: previousPath(13, 16) }],
    ["that is empty", { previousPath: [] }],
    ["that is too long", { previousPath: Array.from({ length: 64 }, () => zeroHash) }],
    ["whose hashes are none", { previousPath: [new Uint8Array(31)] }],
  ])("it does not hold with a path %s", (_, change) => {
    const text = encodeEventProof({ ...proof, ...change });
    expect(() => verifyEventProof(text, known)).toThrow(
      expect.objectContaining({ code: "PROOF_INVALID" }),
    );
  });

  test("a first event that is chained to another does not hold, though it was signed", () => {
    const event = eventAt(1, leafHash(zeroHash));
    const root = leafHash(event.hash);
    const checkpoint = signCheckpoint({ origin, size: 1, root }, [signer]);
    const text = encodeEventProof({
      event,
      previousHash: leafHash(zeroHash),
      path: [],
      checkpoint,
    });
    expect(() => verifyEventProof(text, known)).toThrow("nothing stands before the first event");
  });
});

test("a proof holds without what is not disclosed", () => {
  const text = encodeEventProof({ ...proof, event: { ...proof.event, ...undisclosed } });
  const { event } = verifyEventProof(text, known);
  expect(event).toMatchObject({ position: 13, stream: "bkt_1", body: null, meta: null });
});
