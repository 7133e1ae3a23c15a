/**
 * Goal: no line of an exported log can say anything else than it did. Method: a log of everything that a
 * store can hold, in which one line is altered, lost, doubled or in another place; each is refused with
 * the line and the position, and leaves nothing behind.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { importLog } from "../../src/index.js";
import { noteSigner } from "../../src/proofs/note.js";
import { seed } from "../domain/arbitraries.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { depth } from "../support/depth.js";
import { filledStore } from "../support/filled-store.js";

const origin = "example.com/buckets";
const signer = noteSigner(origin, new Uint8Array(32).fill(9));
const keys = [signer.verifier.vkey];

async function logOf(): Promise<readonly Buffer[]> {
  const { store } = await filledStore({ origin, signingKey: signer.skey });
  const lines = await Array.fromAsync(store.exportLog());
  await store.close();
  return lines.map((line) => Buffer.from(line));
}

interface Mutation {
  readonly kind: "flip" | "drop byte" | "insert byte" | "drop" | "double" | "swap";
  readonly place: number;
  readonly value: number;
}

const mutations = fc.record({
  kind: fc.constantFrom<Mutation["kind"][]>(
    "flip",
    "flip",
    "flip",
    "drop byte",
    "insert byte",
    "drop",
    "double",
    "swap",
  ),
  place: fc.nat(),
  value: fc.nat(255),
});

function mutated(lines: readonly Buffer[], at: number, mutation: Mutation): readonly Buffer[] {
  const { kind, place, value } = mutation;
  const line = lines[at] ?? Buffer.of();
  // The newline at its end stays.
  const index = place % (line.length - 1);
  switch (kind) {
    case "flip": {
      const bytes = Buffer.from(line);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (value % 8));
      return lines.with(at, bytes);
    }
    case "drop byte":
      return lines.with(at, Buffer.concat([line.subarray(0, index), line.subarray(index + 1)]));
    case "insert byte": {
      const parts = [line.subarray(0, index), Buffer.of(value), line.subarray(index)];
      return lines.with(at, Buffer.concat(parts));
    }
    case "drop":
      return lines.toSpliced(at, 1);
    case "double":
      return lines.toSpliced(at, 0, line);
    case "swap": {
      const other = lines[at - 1] ?? Buffer.of();
      return lines.with(at, other).with(at - 1, line);
    }
  }
}

/** Some 25 ms each, most of it for making a database. */
const allMs = 3_600_000;

test(
  "a line that was altered is refused with its position, and nothing is left",
  async () => {
    const lines = await logOf();
    // What idempotency keys answered is not in the chain, and of the header the log's id is not.
    const isProved = (line: Buffer, at: number) => at > 0 && !line.subarray(0, 8).equals(keyLine);
    const proved = lines.flatMap((line, at) => (isProved(line, at) ? [at] : []));
    const folder = temporaryFolder();
    const from = join(folder, "log.ndjson");
    const file = temporaryFile();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...proved), mutations, async (at, mutation) => {
        const altered = Buffer.concat([...mutated(lines, at, mutation)]);
        fc.pre(!altered.equals(Buffer.concat([...lines])));
        // JSON may be spaced as one likes.
        fc.pre(!isSameJson(altered, lines));
        writeFileSync(from, altered);
        const error: unknown = await importLog(from, file, { keys }).catch((caught) => caught);
        expect(error).toMatchObject({ code: "PROOF_INVALID" });
        if (mutation.kind !== "drop") {
          expect(error).toMatchObject({
            details: { line: expect.any(Number), position: expect.any(Number) },
          });
        }
        // The lock says who has the file, and stays.
        expect(readdirSync(dirname(file)).filter((name) => !name.endsWith(".lock"))).toEqual([]);
      }),
      { seed, numRuns: depth({ smoke: 20, deep: 10_000 }) },
    );
  },
  allMs,
);

const keyLine = Buffer.from('{"key":{');

function isSameJson(altered: Buffer, lines: readonly Buffer[]): boolean {
  const texts = altered.toString().split("\n").slice(0, -1);
  if (texts.length !== lines.length) return false;
  try {
    const values = texts.map((text) => JSON.stringify(JSON.parse(text)));
    return (
      values.join("\n") === lines.map((line) => JSON.stringify(JSON.parse(`${line}`))).join("\n")
    );
  } catch {
    return false;
  }
}
