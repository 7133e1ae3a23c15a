import { describe, expect, test } from "vitest";
import { isBucketsError } from "../../src/domain/errors.js";
import {
  noteSigner,
  openNote,
  parseSigner,
  parseVerifier,
  signNote,
} from "../../src/proofs/note.js";

// The example of C2SP signed-note.
const exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const exampleNote =
  "This is an example message.\n\n\u2014 example.com/foo " +
  "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

// The keys and the note of the documentation of golang.org/x/mod/sumdb/note.
const peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterSecret =
  "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const peterText =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const peterNote =
  `${peterText}\n\u2014 PeterNeumann ` +
  "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isBucketsError(error) ? error.code : String(error);
  }
  return "nothing was thrown";
}

describe("a note is refused", () => {
  test.each([
    ["when a letter of its text is another", exampleNote.replace("example m", "exemple m")],
    ["when its signature is cut", exampleNote.replace("eyaQM=", "eyaQ==")],
    ["when its signature is another's", exampleNote.replace("Uw2QOkn8", "Uw2QOkn9")],
    ["when nobody known has signed it", peterNote],
    ["without signatures", "This is an example message.\n"],
    ["without its last newline", exampleNote.slice(0, -1)],
    ["with control characters", exampleNote.replace("example m", "example\tm")],
    ["with a line that is no signature", `${exampleNote}and more\n`],
    ["that is empty", ""],
  ])("%s", (_, note) => {
    expect(codeOf(() => openNote(note, [parseVerifier(exampleKey)]))).toBe("PROOF_INVALID");
  });

  test("before it is signed, when it has no last newline or a blank line", () => {
    const signer = parseSigner(peterSecret);
    expect(codeOf(() => signNote("a line", [signer]))).toBe("BAD_REQUEST");
    expect(codeOf(() => signNote("a\n\nb\n", [signer]))).toBe("BAD_REQUEST");
  });
});

test.each([
  ["cut anywhere", exampleKey.slice(0, -1)],
  ["with another id", exampleKey.replace("530d903a", "530d903b")],
  ["of another algorithm", exampleKey.replace("+Aeky", "+Beky")],
  ["in another form of base64", exampleKey.replace("U2k", "U2l")],
  ["with a space in its name", exampleKey.replace("/foo", "/f o")],
  ["that is empty", ""],
])("a key %s is refused", (_, vkey) => {
  expect(codeOf(() => parseVerifier(vkey))).toBe("BAD_REQUEST");
});

test("a signing key that is refused is not told", () => {
  const [, secret] = peterSecret.split("c74f20a3+");
  const broken = peterSecret.replace("c74f20a3", "c74f20a4");
  expect(codeOf(() => parseSigner(broken))).toBe("BAD_REQUEST");
  expect(() => parseSigner(broken)).not.toThrow(secret);
});

test("the examples of C2SP and of Go open", () => {
  const verifier = parseVerifier(exampleKey);
  const { text, signedBy } = openNote(exampleNote, [parseVerifier(peter), verifier]);
  expect(text).toBe("This is an example message.\n");
  expect(signedBy.map(({ vkey }) => vkey)).toEqual([exampleKey]);
  expect(openNote(peterNote, [parseVerifier(peter)]).text).toBe(peterText);
});

test("what is signed here is what Go signs, byte for byte", () => {
  const signer = parseSigner(peterSecret);
  expect(signer.verifier.vkey).toBe(peter);
  expect(signer.skey).toBe(peterSecret);
  expect(signNote(peterText, [signer])).toBe(peterNote);
});

test("two keys sign one note, and either opens it", () => {
  const old = noteSigner("bucketlog.local/log_1", new Uint8Array(32).fill(1));
  const fresh = noteSigner("bucketlog.local/log_1", new Uint8Array(32).fill(2));
  const note = signNote("bucketlog.local/log_1\n1\n", [old, fresh]);
  for (const { verifier } of [old, fresh]) {
    expect(openNote(note, [verifier]).signedBy).toEqual([verifier]);
  }
  expect(openNote(note, [old.verifier, fresh.verifier]).signedBy).toHaveLength(2);
});
