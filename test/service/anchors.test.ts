/** Checkpoints are noted outside of the store, and nothing that fails there keeps the store from going on. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import { temporaryFolder } from "../support/backends.js";

afterEach(() => vi.unstubAllEnvs());

async function signing(work: (store: EmbeddedStore, folder: string) => Promise<void>) {
  const folder = temporaryFolder();
  await using store = await openBuckets({ file: join(folder, "store.db") });
  await grow(store, "films");
  await work(store, folder);
}

function grow(store: EmbeddedStore, name: string) {
  return store.namespace().buckets.create({ bucket_name: name, bucket_schema: { properties: {} } });
}

function program(folder: string, script: string): string {
  const path = join(folder, "anchor");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("what fails is told, and tried again", () => {
  test.each([
    ["exits with another code", "exit 3", "it exited with 3"],
    ["prints without end", "yes", "more than 65536 bytes"],
  ])("a program that %s", async (_, script, problem) => {
    await signing(async (store, folder) => {
      const command = program(folder, script);
      for (let round = 0; round < 2; round += 1) {
        const { checkpoint, anchors } = await store.anchor({ command });
        expect(checkpoint.size).toBe(1);
        expect(anchors).toEqual([
          { kind: "command", name: "anchor", ok: false, problem: expect.stringContaining(problem) },
        ]);
      }
      program(folder, "true");
      expect((await store.anchor({ command })).anchors).toMatchObject([{ ok: true }]);
    });
  });

  test("a program and a file that are not there", async () => {
    await signing(async (store, folder) => {
      const [command, file] = [join(folder, "none"), join(folder, "none", "notes")];
      const { anchors } = await store.anchor({ command, file });
      expect(anchors).toMatchObject([
        { kind: "file", ok: false },
        { kind: "command", ok: false },
      ]);
      mkdirSync(join(folder, "none"));
      expect((await store.anchor({ file })).anchors).toMatchObject([{ ok: true }]);
    });
  });
});

test("each new checkpoint is appended to the file once", async () => {
  await signing(async (store, folder) => {
    const file = join(folder, "notes");
    const first = await store.anchor({ file });
    expect(await store.anchor({ file })).toEqual({ ...first, anchors: [] });
    await grow(store, "clips");
    const second = await store.anchor({ file });
    expect(readFileSync(file, "utf8")).toBe(
      `${first.checkpoint.note}\n${second.checkpoint.note}\n`,
    );
  });
});

test("a program reads the note, and sees no variable of ours but size and root", async () => {
  vi.stubEnv("BUCKETLOG_TOKEN", "s3cret");
  await signing(async (store, folder) => {
    const command = program(folder, `cat > ${folder}/note; env | grep BUCKETLOG > ${folder}/seen`);
    const { checkpoint } = await store.anchor({ command });
    expect(readFileSync(join(folder, "note"), "utf8")).toBe(checkpoint.note);
    const seen = readFileSync(join(folder, "seen"), "utf8").trim().split("\n").sort();
    expect(seen).toEqual([`BUCKETLOG_ROOT=${checkpoint.root}`, "BUCKETLOG_SIZE=1"]);
  });
});
