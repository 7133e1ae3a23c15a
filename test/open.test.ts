/** What `openBuckets` takes, and where the file lies that it opens. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBuckets } from "../src/index.js";
import { temporaryFolder } from "./support/backends.js";

/** Ids of their own, but for one prefix. */
function repeating(repeated: string): (prefix: string) => string {
  let made = 0;
  return (prefix) => {
    made += 1;
    return `${prefix}_${prefix === repeated ? 0 : String(made).padStart(26, "0")}`;
  };
}

const films = { bucket_name: "films", bucket_schema: { properties: {} } };

describe("Options that do not fit", () => {
  it.each([
    ["file", { file: "" }],
    ["file", { file: undefined }],
    ["file", { file: 5 }],
    ["file", { file: "a\0b" }],
    ["actor", { actor: 42 }],
    ["actor", { actor: "a\nb" }],
    ["readOnly", { readOnly: "yes" }],
    ["readOnly", { readOnly: true }],
    ["durability", { durability: "fast" }],
    ["secretKey", { secretKey: 5 }],
    ["maxQueueMs", { maxQueueMs: 0 }],
    ["scrubMibPerSecond", { scrubMibPerSecond: 0 }],
    ["acceptTruncation", { acceptTruncation: 1 }],
    ["resumeTimers", { resumeTimers: 1 }],
    ["strict", { strict: "yes" }],
    ["withoutSecrets", { withoutSecrets: "yes" }],
    ["allowLoopbackUrls", { allowLoopbackUrls: 1 }],
    ["clock", { clock: 5 }],
    ["newId", { newId: "id" }],
    ["readonly", { readonly: true }],
  ])("are refused by the name of %s: %o", async (field, wrong) => {
    const options = JSON.parse(JSON.stringify({ file: ":memory:" }));
    await expect(openBuckets<unknown>({ ...options, ...wrong })).rejects.toMatchObject({
      code: "BAD_REQUEST",
      details: { field },
    });
    expect(existsSync("undefined.lock")).toBe(false);
  });

  it.each(["memory", "SQLite"])("are found by what they give, in %s", async (engine) => {
    for (const [field, options] of [
      ["clock", { clock: () => Number.NaN }],
      ["clock", { clock: () => 1.5 }],
      ["newId", { newId: () => "same" }],
      ["newId", { newId: (prefix: string) => `${prefix}_same` }],
      ["newId", { newId: repeating("evt") }],
      ["newId", { newId: repeating("sec") }],
      ["randomBytes", { randomBytes: () => new Uint8Array(3) }],
    ] as const) {
      const file = engine === "memory" ? ":memory:" : join(temporaryFolder(), "s.db");
      const attempt = async () => {
        await using store = await openBuckets<unknown>({ file, ...options });
        await store.namespace().buckets.create(films);
        const source_adapter = { adapter_type: "mux" };
        await store.namespace().buckets.patch("films", { source_adapter });
        await store.namespace().buckets.create({ ...films, bucket_name: "other", source_adapter });
      };
      await expect(attempt(), field).rejects.toMatchObject({
        code: "BAD_REQUEST",
        details: { field },
      });
      await using store = await openBuckets<unknown>({ file });
      expect((await store.verify()).ok).toBe(true);
    }
  });
});

describe("The place of a store", () => {
  it.skipIf(process.platform === "win32")("is its owner's alone, whatever the umask", async () => {
    const folder = temporaryFolder();
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    await using store = await openBuckets<unknown>({ file: join(folder, "buckets.db") });
    await store.namespace().buckets.create({
      ...films,
      source_adapter: { adapter_type: "generic_webhook" },
    });
    const data = { base64: Buffer.alloc(20_000).toString("base64") };
    await store.namespace().buckets.patch("films", {
      bucket_schema: { properties: { clip: { type: "video" } } },
    });
    await store
      .namespace()
      .objects("films")
      .create({ blobs: [{ property: "clip", type: "video", data }] }, { policy: "insert" });
    const names = readdirSync(folder);
    expect(names).toContain("buckets.db-wal");
    expect(names).toContain("buckets.db.blobs");
    for (const name of names)
      expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
  });

  it("stays where it was when the process moves to another folder", async () => {
    const folder = temporaryFolder();
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    await using store = await openBuckets<unknown>({
      file: relative(before, join(folder, "s.db")),
    });
    mkdirSync(join(folder, "elsewhere"));
    process.chdir(join(folder, "elsewhere"));
    const { buckets } = store.namespace();
    const source_adapter = { adapter_type: "mux", webhook_secret: "whsec_secret_of_the_test" };
    await buckets.create({
      ...films,
      bucket_schema: { properties: { plan: { type: "json" } } },
      source_adapter,
    });
    const blobs = [{ property: "plan", type: "json", data: "x".repeat(20_000) }];
    await store.namespace().objects("films").create({ blobs });
    expect(readdirSync(".")).toEqual([]);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["s.db.key", "s.db.blobs"]));
  });

  it("is one by whatever link it is opened, so that there is one writer", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "s.db");
    const link = join(folder, "link.db");
    symlinkSync("s.db", link);
    symlinkSync(folder, join(folder, "around"));
    await using store = await openBuckets<unknown>({ file: link });
    await store.namespace().buckets.create(films);
    for (const other of [file, link, join(folder, "around", "link.db")]) {
      await expect(openBuckets<unknown>({ file: other })).rejects.toMatchObject({ code: "LOCKED" });
      await using reader = await openBuckets<unknown>({ file: other, readOnly: true });
      expect((await reader.head()).position).toBe(1);
    }
    expect(existsSync(`${link}.lock`)).toBe(false);
  });

  it("needs a folder, and a link that leads somewhere", async () => {
    const folder = temporaryFolder();
    symlinkSync("self.db", join(folder, "self.db"));
    for (const file of [join(folder, "none", "s.db"), join(folder, "self.db")]) {
      await expect(openBuckets<unknown>({ file })).rejects.toMatchObject({ code: "FILE_INVALID" });
    }
  });
});

const reader = fileURLToPath(new URL("./support/reader.ts", import.meta.url));
const readOnlyFolder = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

describe.skipIf(!canMount)("Where nothing may be written (needs a user namespace)", () => {
  const read = (folder: string, file: string): unknown => {
    const command = ["-rm", "sh", "-c", readOnlyFolder, folder];
    const node = [process.execPath, "--import", "tsx", reader, join(folder, file)];
    return JSON.parse(spawnSync("unshare", [...command, ...node], { encoding: "utf8" }).stdout);
  };

  it("a file that is not there is named, with a fix", async () => {
    const file = join(temporaryFolder(), "none.db");
    await expect(openBuckets<unknown>({ file, readOnly: true })).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: `There is no file ${file}: check the path, or open it for writing, which makes it.`,
    });
  });

  it("a file that was closed opens for reading, and one that was not says what to do", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "s.db");
    await using store = await openBuckets<unknown>({ file });
    await store.namespace().buckets.create(films);
    for (const end of ["", "-wal"]) copyFileSync(`${file}${end}`, join(folder, `open.db${end}`));
    await store.close();
    expect(read(folder, "s.db")).toEqual({ position: 1, total: 1, ok: true });
    expect(read(folder, "open.db")).toEqual({
      code: "FILE_INVALID",
      message: expect.stringContaining("let this user write to the folder, or copy the file"),
    });
  });
});
