/**
 * Goal: whoever trusts neither us nor the operator comes to the same verdict as we do. Method: logs of
 * random stores are exported, and the same lines with something altered; `data/verify_export.py`, which
 * was written from the description of the format alone, and our own import judge each of them.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type BucketStore, importLog, isBucketsError, openBuckets } from "../../src/index.js";
import { noteSigner } from "../../src/proofs/note.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { depth, isDeep } from "../support/depth.js";
import { Random } from "../support/random.js";

const origin = "example.com/buckets";
const signer = noteSigner(origin, new Uint8Array(32).fill(9));
const key = signer.verifier.vkey;
const script = join(import.meta.dirname, "../../data/verify_export.py");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

if (!hasPython && process.env["CI"] !== undefined) {
  test("there is a Python to ask", () => expect(hasPython).toBe(true));
}

interface Verdict {
  readonly holds: boolean;
  readonly says: string;
}

/** In a folder with nothing but the file: a third person has no more. */
function judgedByPython(file: string, ...more: readonly string[]): Verdict {
  const { status, stdout, stderr } = spawnSync("python3", [script, file, "--key", key, ...more], {
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  if (status !== 0 && status !== 4) throw new Error(`it ended with ${status}: ${stderr}${stdout}`);
  return { holds: status === 0, says: stdout };
}

async function judgedByUs(file: string): Promise<Verdict> {
  try {
    await importLog(file, temporaryFile(), { keys: [key] });
    return { holds: true, says: "" };
  } catch (error) {
    if (!isBucketsError(error)) throw error;
    return { holds: false, says: error.message };
  }
}

/** Some writes of several kinds, with answers under keys, in two namespaces. */
async function write(store: BucketStore, random: Random, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const { buckets } = store.namespace(random.pick(["default", "other"]));
    const name = `bucket ${random.below(4)}`;
    const idempotencyKey = random.chance(0.3) ? `key ${number}` : undefined;
    const description = random.pick([
      "é 🎬",
      "\u0000 \u2028",
      "plain",
      '"quoted"\\',
      "x".repeat(999),
    ]);
    try {
      if (random.chance(0.4)) {
        const bucket_schema = { properties: { title: { type: "string" } } };
        await buckets.create({ bucket_name: name, bucket_schema }, { idempotencyKey });
      } else {
        await buckets.patch(name, { description: `${number} ${description}` }, { idempotencyKey });
      }
    } catch (error) {
      // There already, or not yet: it leaves no trace.
      if (!isBucketsError(error)) throw error;
    }
  }
}

async function exportOf(random: Random): Promise<string> {
  await using store = await openBuckets({ file: ":memory:", origin, signingKey: signer.skey });
  await write(store, random, random.below(12));
  return (await Array.fromAsync(store.exportLog())).join("");
}

function written(text: string | Uint8Array): string {
  const file = join(temporaryFolder(), "log.ndjson");
  writeFileSync(file, text);
  return file;
}

const Row = z.looseObject({ position: z.number() });

/** One thing is done to the lines; undefined where there is nothing to do it to. */
const alterations: Readonly<
  Record<string, (lines: string[], random: Random) => string | undefined>
> = {
  "a byte is another": (lines, random) => {
    const bytes = Buffer.from(lines.join(""));
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(7));
    return bytes.toString("latin1");
  },
  "a line is gone": (lines, random) => lines.toSpliced(random.below(lines.length), 1).join(""),
  "a line is there twice": (lines, random) => {
    const at = random.below(lines.length);
    return lines.toSpliced(at, 0, String(lines[at])).join("");
  },
  "two lines have changed places": (lines, random) => {
    const at = random.below(lines.length - 1);
    const [one, two] = [String(lines[at]), String(lines[at + 1])];
    return lines.toSpliced(at, 2, two, one).join("");
  },
  "the end is cut off": (lines, random) => {
    const text = lines.join("");
    return text.slice(0, random.below(text.length));
  },
  "a value is another": (lines, random) => {
    const at = random.below(lines.length);
    const row = Row.safeParse(JSON.parse(String(lines[at]))).data;
    if (row === undefined) return undefined;
    const name = random.pick(Object.keys(row));
    const value = row[name];
    const other = typeof value === "number" ? value + 1 : value === null ? "other" : null;
    return lines.toSpliced(at, 1, `${JSON.stringify({ ...row, [name]: other })}\n`).join("");
  },
  "a text is taken away as if it were erased": (lines, random) => {
    const at = random.below(lines.length);
    const row = Row.safeParse(JSON.parse(String(lines[at]))).data;
    if (row === undefined) return undefined;
    const without = { ...row, body: null, salt: null };
    return lines.toSpliced(at, 1, `${JSON.stringify(without)}\n`).join("");
  },
  "the id of the log is none": (lines) =>
    lines.with(0, String(lines[0]).replace('"log_id":"log_', '"log_id":"log.')).join(""),
  "an answer under a key is none": (lines) => {
    const at = lines.findIndex((line) => line.startsWith('{"key":'));
    if (at === -1) return undefined;
    return lines.with(at, String(lines[at]).replace("results", "resultz")).join("");
  },
  "the checkpoint is of a shorter log": (lines) => {
    const last = lines.at(-2);
    return last === undefined ? undefined : lines.toSpliced(-2, 1).join("");
  },
};

describe.skipIf(!hasPython)("an independent verifier agrees with us", () => {
  test("that clean exports hold, compressed or not", async () => {
    const random = new Random(1);
    for (let number = 0; number < depth({ smoke: 4, deep: 200 }); number += 1) {
      const text = await exportOf(random);
      const file = written(random.chance(0.3) ? gzipSync(text) : text);
      const verdict = judgedByPython(file);
      expect(verdict, verdict.says).toMatchObject({ holds: true });
      expect(await judgedByUs(file)).toMatchObject({ holds: true });
    }
  }, 600_000);

  test("about exports in which something was altered", async () => {
    const random = new Random(2);
    let refused = 0;
    for (let number = 0; number < depth({ smoke: 8, deep: 200 }); ) {
      const text = await exportOf(random);
      const lines = text.split(/(?<=\n)/);
      const name = random.pick(Object.keys(alterations));
      const altered = alterations[name]?.(lines, random);
      if (altered === undefined || altered === text) continue;
      number += 1;
      const file = written(Buffer.from(altered, name === "a byte is another" ? "latin1" : "utf8"));
      const [theirs, ours] = [judgedByPython(file), await judgedByUs(file)];
      const said = `${name}: ${theirs.says} / ${ours.says}`;
      expect(theirs.holds, said).toBe(ours.holds);
      if (!ours.holds) refused += 1;
    }
    // What is altered in what nobody signed, such as an idempotency key, is seen by neither.
    expect(refused).toBeGreaterThan(depth({ smoke: 4, deep: 150 }));
  }, 600_000);
});

describe.runIf(hasPython && isDeep)("an independent verifier agrees with us", () => {
  test("about an event, its proof, and a checkpoint that was kept", async () => {
    await using store = await openBuckets({ file: ":memory:", origin, signingKey: signer.skey });
    await write(store, new Random(3), 20);
    const { note } = await store.proofs.sign();
    const kept = written(note);
    await write(store, new Random(4), 20);
    const { buckets } = store.namespace();
    await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
    await store.proofs.sign();
    const proof = await buckets.proof("films", 1, { disclose: ["body"] });
    const held = judgedByPython(written(proof), "--checkpoint", kept);
    expect(held.says).toMatch(/^HOLDS\.\nThe log example\.com\/buckets holds this event/);
    expect(held.says).toContain('"value":"films"');
    expect(judgedByPython(written(proof.replace(/^index \d+/m, "index 0"))).holds).toBe(false);
    const chained = await buckets.proof("films", 1, { withPrevious: true });
    expect(judgedByPython(written(chained)).says).toContain("The event before it in the log is");
    const extra = /^extra (.*)$/m.exec(chained)?.[1] ?? "";
    const row = JSON.parse(Buffer.from(extra, "base64").toString());
    const emptied = JSON.stringify({ ...row, previous_path: row.previous_path.slice(1) });
    const cut = chained.replace(extra, Buffer.from(emptied).toString("base64"));
    expect(judgedByPython(written(cut)).holds).toBe(false);

    const log = (await Array.fromAsync(store.exportLog())).join("");
    expect(judgedByPython(written(log), "--checkpoint", kept).says).toContain("still begins with");
    const other = await exportOf(new Random(5));
    const rewritten = judgedByPython(written(other), "--checkpoint", kept);
    expect(rewritten.says).toMatch(/^REFUSED\. .*(rewritten|cut off)/);
  });

  test("about a log that was forked: under its new name, and its backup", async () => {
    const file = temporaryFile();
    {
      await using store = await openBuckets({ file });
      await store.close();
    }
    copyFileSync(file, `${file}.old`);
    {
      await using store = await openBuckets({ file });
      await write(store, new Random(7), 9);
      await store.proofs.sign();
    }
    copyFileSync(`${file}.old`, file);
    await using store = await openBuckets({ file, acceptTruncation: true });
    const { key: newKey } = await store.forkLog({ reason: "it was rolled back" });
    const log = written((await Array.fromAsync(store.exportLog())).join(""));
    expect(judgedByPython(log, "--key", newKey).says).toMatch(/^HOLDS\..*~2/s);
    const to = join(temporaryFolder(), "backup");
    await store.backup(to);
    expect(judgedByPython(to, "--key", newKey)).toMatchObject({ holds: true });
  });

  test("about a log that changed its key: by both while they overlap, by the new one after", async () => {
    let now = Date.parse("2026-10-01T12:00:00Z");
    const file = temporaryFile();
    await using store = await openBuckets({ file, clock: () => now });
    await write(store, new Random(8), 9);
    await store.proofs.sign();
    const { old_vkey, new_vkey, checkpoint, proof } = await store.rotateSigningKey();
    const exported = async () => written((await Array.fromAsync(store.exportLog())).join(""));
    for (const key of [old_vkey, new_vkey]) {
      expect(judgedByPython(await exported(), "--key", key)).toMatchObject({ holds: true });
    }
    expect(judgedByPython(written(proof), "--key", old_vkey).says).toContain(
      `From then on the log signs with ${new_vkey}.`,
    );
    now += 31 * 24 * 60 * 60 * 1_000;
    await write(store, new Random(9), 9);
    const later = await exported();
    expect(judgedByPython(later, "--key", new_vkey)).toMatchObject({ holds: true });
    // The file alone vouches for nothing: that could be in any.
    expect(judgedByPython(later, "--key", old_vkey).says).toMatch(
      /^REFUSED\. .*not signed by the key that you gave\. The log says that it signs with /,
    );
    const kept = written(checkpoint.note);
    const vouched = judgedByPython(later, "--key", old_vkey, "--checkpoint", kept);
    expect(vouched.says).toContain(`The holder of the key ${new_vkey} signed exactly this.`);
    const { new_vkey: third } = await store.rotateSigningKey({ isCompromised: true });
    const compromised = await exported();
    expect(judgedByPython(compromised, "--key", third)).toMatchObject({ holds: true });
    expect(judgedByPython(compromised, "--key", new_vkey)).toMatchObject({ holds: false });
  });

  test("about a backup", async () => {
    const file = temporaryFile();
    await using store = await openBuckets({ file, origin, signingKey: signer.skey });
    await write(store, new Random(6), 20);
    const { buckets } = store.namespace("media");
    const properties = { still: { type: "image" } };
    await buckets.create({ bucket_name: "stills", bucket_schema: { properties } });
    const data = { base64: "aGVsbG8=", mime_type: "image/png" };
    const blobs = [{ property: "still", type: "image", data }];
    await store.namespace("media").objects("stills").create({ blobs }, { policy: "insert" });
    const to = join(temporaryFolder(), "backup");
    await store.backup(to);
    const held = judgedByPython(to);
    expect(held, held.says).toMatchObject({ holds: true });
    const manifest = join(to, "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"position"', '"position" '));
    expect(judgedByPython(to).holds).toBe(false);
  });
});
