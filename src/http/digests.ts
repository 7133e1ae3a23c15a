/**
 * What a request says about the bytes of its body, and whether they keep it: `Content-Digest` and
 * `Repr-Digest` (RFC 9530), which are one because no encoding is taken, and `Content-MD5` (RFC 1864),
 * which clients of object stores send.
 */
import { createHash, type Hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { BucketsError } from "../domain/errors.js";

/** The names of RFC 9530, and what Node calls them. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ["sha-256", "sha256"],
  ["sha-512", "sha512"],
  ["sha", "sha1"],
  ["md5", "md5"],
]);

/** A member of a dictionary (RFC 8941) whose value is bytes; parameters say nothing to us. */
const memberPattern = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):(?:;.*)?$/;

/** One that was announced, as it is being made. */
interface Announced {
  readonly header: string;
  readonly hash: Hash;
  readonly expected: Buffer;
}

export interface DigestCheck {
  readonly update: (bytes: Uint8Array) => void;
  /** To be asked once, after the last byte. @throws BAD_REQUEST for other bytes than announced. */
  readonly assertSame: () => void;
}

/**
 * A check of every digest that the request announces and that we can make.
 * @throws BAD_REQUEST for a header that cannot be read, or of which none can be made: it would be
 * taken for one that holds.
 */
export function digestCheck({ headers }: Pick<IncomingMessage, "headers">): DigestCheck {
  const announced = [
    ...readDigests("Content-Digest", headers["content-digest"]),
    ...readDigests("Repr-Digest", headers["repr-digest"]),
    ...readMd5(headers["content-md5"]),
  ];
  return {
    update: (bytes) => {
      for (const { hash } of announced) hash.update(bytes);
    },
    assertSame: () => {
      for (const { header, hash, expected } of announced) {
        const actual = hash.digest();
        if (actual.length === expected.length && timingSafeEqual(actual, expected)) continue;
        throw new BucketsError(
          "BAD_REQUEST",
          `The body is not what ${header} says: it was changed on the way, send it again.`,
          { header },
        );
      }
    },
  };
}

function readDigests(header: string, sent: string | string[] | undefined): readonly Announced[] {
  if (sent === undefined) return [];
  const members = new Map<string, string>();
  for (const member of String(sent).split(",")) {
    const [, name, value] = memberPattern.exec(member.trim()) ?? [];
    if (name === undefined || value === undefined) {
      throw unreadable(header, "sha-256=:<base64>:");
    }
    members.set(name, value);
  }
  const made = [...members].flatMap(([name, value]) => {
    const algorithm = algorithms.get(name);
    return algorithm === undefined ? [] : announce(header, algorithm, value);
  });
  if (made.length > 0) return made;
  const known = [...algorithms.keys()].join(", ");
  throw new BucketsError(
    "BAD_REQUEST",
    `${header} can be checked for ${known}: send one of these.`,
  );
}

function readMd5(sent: string | string[] | undefined): readonly Announced[] {
  if (sent === undefined) return [];
  const value = String(sent).trim();
  if (/^[A-Za-z0-9+/]{22}==$/.test(value)) return [announce("Content-MD5", "md5", value)];
  throw unreadable("Content-MD5", "the base64 of 16 bytes");
}

function announce(header: string, algorithm: string, value: string): Announced {
  return { header, hash: createHash(algorithm), expected: Buffer.from(value, "base64") };
}

function unreadable(header: string, form: string): BucketsError {
  return new BucketsError("BAD_REQUEST", `${header} cannot be read: send it as ${form}.`);
}
