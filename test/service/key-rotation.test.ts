/**
 * Goal: a log changes its key and says so, so that whoever trusts the old one can come to trust the new
 * one; and a key that others may have signs nothing more. Method: the checks of `bucketlog/proofs` with
 * one key alone, and the files as every cut between two steps leaves them.
 */
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EmbeddedStore, type OpenOptions, openBuckets } from "../../src/index.js";
import { openCheckpoint, parseVerifier, verifyEventProof } from "../../src/proofs/index.js";
import { noteSigner, parseSigner } from "../../src/proofs/note.js";
import { temporaryFile } from "../support/backends.js";

const day = 24 * 60 * 60 * 1_000;

async function create(store: EmbeddedStore, name: string): Promise<void> {
  await store.namespace().buckets.create({ bucket_name: name, bucket_schema: { properties: {} } });
}

async function signed(options: Partial<OpenOptions> = {}) {
  const file = options.file ?? temporaryFile();
  const store = await openBuckets({ ...options, file });
  await create(store, "films");
  const { note, origin } = await store.proofs.sign();
  const old = options.signingKey ?? readFileSync(`${file}.sign`, "utf8");
  return { file, store, note, origin, old: parseSigner(old.trim()) };
}

const opens = (note: string, vkey: string) => openCheckpoint(note, [parseVerifier(vkey)]).size;

describe("a key is not changed", () => {
  test("before anything was signed, and by a store that only reads", async () => {
    const file = temporaryFile();
    {
      await using store = await openBuckets({ file });
      const asked = store.rotateSigningKey({ isCompromised: true });
      await expect(asked).rejects.toMatchObject({ code: "CONFLICT" });
      await create(store, "films");
      await store.proofs.sign();
    }
    await using store = await openBuckets({ file, readOnly: true });
    await expect(store.rotateSigningKey()).rejects.toMatchObject({ code: "READ_ONLY" });
    expect(existsSync(`${file}.sign.next`)).toBe(false);
  });

  test.each([{ overlapMs: -1 }, { overlapMs: 1.5 }, { overlap: 1 }, { reason: 7 }])(
    "as %j says",
    async (options) => {
      await using store = await openBuckets({ file: ":memory:" });
      const asked = store.rotateSigningKey(JSON.parse(JSON.stringify(options)));
      await expect(asked).rejects.toMatchObject({ code: "BAD_REQUEST" });
    },
  );

  test("when it is configured and no other stands before it", async () => {
    const origin = "example.com/buckets";
    const signingKey = noteSigner(origin, new Uint8Array(32).fill(9)).skey;
    const { store } = await signed({ origin, signingKey });
    await expect(store.rotateSigningKey()).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect((await store.head()).position).toBe(1);
    await store.close();
  });

  test("twice at once", async () => {
    const { store } = await signed();
    const both = await Promise.allSettled([store.rotateSigningKey(), store.rotateSigningKey()]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await store.proofs.log()).key_rotations).toHaveLength(1);
    await store.close();
  });
});

describe("a key that is changed", () => {
  test("signs all of before, vouches for the new one, and signs along until it is over", async () => {
    let now = 1_000_000;
    const { file, store, old } = await signed({ clock: () => now });
    await create(store, "clips");
    const report = await store.rotateSigningKey({ overlapMs: day, reason: "each year" });
    const { old_vkey, new_vkey, checkpoint, overlap_until } = report;
    expect(report).toMatchObject({ old_vkey: old.verifier.vkey, is_compromised: false });
    expect(overlap_until).toBe(new Date(now + day).toISOString());
    expect(opens((await store.proofs.checkpoint({ size: 2 })).note, old_vkey)).toBe(2);
    for (const vkey of [old_vkey, new_vkey]) expect(opens(checkpoint.note, vkey)).toBe(3);
    const { event } = verifyEventProof(report.proof, [old.verifier]);
    expect(event).toMatchObject({ type: "log.key_rotated", namespace: "_log" });
    expect(Buffer.from(event.body ?? []).toString()).toContain(new_vkey);
    expect(readFileSync(`${file}.sign`, "utf8")).toContain(new_vkey.split("+")[1]);
    expect(readFileSync(`${file}.sign.before`, "utf8").trim()).toBe(old.skey);
    expect(existsSync(`${file}.sign.next`)).toBe(false);
    for (const name of [`${file}.sign`, `${file}.sign.before`]) {
      expect(statSync(name).mode & 0o777).toBe(0o600);
    }
    const page = await store.events({ after: 2, namespace: "*" }).page();
    expect(page?.results).toMatchObject([{ type: "log.key_rotated", reason: "each year" }]);

    now += day;
    await create(store, "series");
    const { note } = await store.proofs.sign();
    expect(opens(note, new_vkey)).toBe(4);
    expect(() => opens(note, old_vkey)).toThrow("no key that you named");
    expect(existsSync(`${file}.sign.before`)).toBe(false);
    expect(await store.verify()).toMatchObject({ ok: true });
    expect(await store.replay()).toMatchObject({ matches_view: true });
    await store.close();
  });

  test("goes on across restarts, and a second time within the overlap", async () => {
    const { file, store, old } = await signed();
    const first = await store.rotateSigningKey();
    await store.close();
    await using again = await openBuckets({ file });
    const second = await again.rotateSigningKey();
    expect(second.old_vkey).toBe(first.new_vkey);
    for (const vkey of [old.verifier.vkey, first.new_vkey, second.new_vkey]) {
      expect(opens(second.checkpoint.note, vkey)).toBe(3);
    }
    const { key_rotations: rotations, origin } = await again.proofs.log();
    expect(rotations.map(({ new_vkey }) => new_vkey)).toEqual([first.new_vkey, second.new_vkey]);
    expect(origin).toBe(old.verifier.name);
    expect((await again.health()).checks).toContainEqual(
      expect.objectContaining({ name: "proofs", status: "pass" }),
    );
  });

  test("is replaced by the one that is configured in front of it", async () => {
    const origin = "example.com/buckets";
    const keys = [9, 8].map((fill) => noteSigner(origin, new Uint8Array(32).fill(fill)));
    const [old, fresh] = keys;
    const { file, store } = await signed({ origin, signingKey: old?.skey ?? "" });
    await store.close();
    const signingKey = `${fresh?.skey}\n${old?.skey}\n`;
    await using both = await openBuckets({ file, origin, signingKey });
    await create(both, "clips");
    expect(opens((await both.proofs.sign()).note, old?.verifier.vkey ?? "")).toBe(2);
    const { checkpoint } = await both.rotateSigningKey();
    for (const key of keys) expect(opens(checkpoint.note, key.verifier.vkey)).toBe(3);
    await both.close();
    await using one = await openBuckets({ file, origin, signingKey: fresh?.skey ?? "" });
    await create(one, "series");
    expect(opens((await one.proofs.sign()).note, fresh?.verifier.vkey ?? "")).toBe(4);
  });
});

describe("a key that others may have", () => {
  test("signs nothing more, and neither does the one before it", async () => {
    const { store, old } = await signed();
    const stolen = (await store.rotateSigningKey()).new_vkey;
    await create(store, "clips");
    const { checkpoint, ...report } = await store.rotateSigningKey({ isCompromised: true });
    expect(report).toMatchObject({ old_vkey: stolen, is_compromised: true, overlap_until: null });
    expect(opens(checkpoint.note, report.new_vkey)).toBe(4);
    for (const vkey of [old.verifier.vkey, stolen]) {
      expect(() => opens(checkpoint.note, vkey)).toThrow("no key that you named");
    }
    // Not even what it had not signed yet.
    await expect(store.proofs.checkpoint({ size: 3 })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await store.close();
  });

  test("is given up when it is lost, and its notes are still those of the log", async () => {
    const { file, store, old } = await signed();
    await store.close();
    rmSync(`${file}.sign`);
    await using later = await openBuckets({ file });
    await expect(later.rotateSigningKey()).rejects.toMatchObject({ code: "KEY_MISSING" });
    const report = await later.rotateSigningKey({ isCompromised: true });
    const { name, id } = old.verifier;
    expect(report.old_vkey).toBe(`${name}+${id}`);
    expect(opens(report.checkpoint.note, report.new_vkey)).toBe(2);
    await create(later, "clips");
    expect(opens((await later.proofs.sign()).note, report.new_vkey)).toBe(3);
  });
});

describe("a change that was cut short", () => {
  test("before the log said so has not happened, and goes on with the same key", async () => {
    const { file, store, old, origin } = await signed();
    const next = noteSigner(origin, new Uint8Array(32).fill(7));
    writeFileSync(`${file}.sign.next`, `${next.skey}\n`);
    await create(store, "clips");
    const { note } = await store.proofs.sign();
    expect(opens(note, old.verifier.vkey)).toBe(2);
    expect(() => opens(note, next.verifier.vkey)).toThrow("no key that you named");
    expect((await store.rotateSigningKey()).new_vkey).toBe(next.verifier.vkey);
    await store.close();
  });

  test.each([
    ["once the log said so", [".sign", ".sign.next"]],
    ["once the old key was put aside", [".sign", ".sign.next", ".sign.before"]],
  ])("%s has happened", async (_, left) => {
    const { file, store, old, note } = await signed();
    const { new_vkey } = await store.rotateSigningKey();
    await store.close();
    // As they were before the files took their new places.
    const [fresh, state] = [readFileSync(`${file}.sign`), `${file}.sign.state`];
    writeFileSync(`${file}.sign.next`, fresh);
    writeFileSync(`${file}.sign`, `${old.skey}\n`);
    if (!left.includes(".sign.before")) rmSync(`${file}.sign.before`);
    writeFileSync(state, note);
    await using again = await openBuckets({ file });
    await create(again, "clips");
    const after = await again.proofs.sign();
    for (const vkey of [old.verifier.vkey, new_vkey]) expect(opens(after.note, vkey)).toBe(3);
    expect(readFileSync(`${file}.sign`)).toEqual(fresh);
    expect(existsSync(`${file}.sign.next`)).toBe(false);
  });

  test("and was rolled back signs nothing, and lets go of no key", async () => {
    const { file, store } = await signed();
    await store.close();
    copyFileSync(file, `${file}.old`);
    {
      await using changed = await openBuckets({ file });
      await changed.rotateSigningKey();
    }
    const keys = [readFileSync(`${file}.sign`), readFileSync(`${file}.sign.before`)];
    copyFileSync(`${file}.old`, file);
    rmSync(`${file}.head`);
    await using back = await openBuckets({ file });
    await expect(back.proofs.sign()).rejects.toMatchObject({ code: "FORKED" });
    await expect(back.rotateSigningKey({ isCompromised: true })).rejects.toMatchObject({
      code: "FORKED",
    });
    expect([readFileSync(`${file}.sign`), readFileSync(`${file}.sign.before`)]).toEqual(keys);
  });
});

test("a log that changed its key and is forked signs under the new name with a key of that name", async () => {
  const { file, store } = await signed();
  await store.rotateSigningKey();
  await store.close();
  copyFileSync(file, `${file}.old`);
  {
    await using later = await openBuckets({ file });
    await create(later, "clips");
    await later.proofs.sign();
  }
  copyFileSync(`${file}.old`, file);
  await using forked = await openBuckets({ file, acceptTruncation: true });
  const { key, checkpoint } = await forked.forkLog({ reason: "the disk died" });
  expect(opens(checkpoint.note, key)).toBe(checkpoint.size);
  const { new_vkey, checkpoint: next } = await forked.rotateSigningKey();
  for (const vkey of [key, new_vkey]) expect(opens(next.note, vkey)).toBe(next.size);
});
