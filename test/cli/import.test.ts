/** Goal: what was exported on one store happens again on another, in a file or on a server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";
import { serveTest, tokens } from "../support/server.js";

async function exportInto(folder: string, ...args: readonly string[]): Promise<void> {
  await makeFile(folder);
  const ran = await bucketlog(folder, ["export", ...args, "--output", "history.ndjson"]);
  expect(ran.code).toBe(0);
}

test("into a new file: the same log, with the times and the ids of then", async () => {
  const folder = temporaryFolder();
  await exportInto(folder, "videos");
  const ran = await bucketlog(folder, ["import", "history.ndjson", "--file", "again.db"]);
  expect(ran).toMatchObject({ code: 0, out: "3 changes of history.ndjson happened in again.db\n" });
  const shown = (file: string) => bucketlog(folder, ["log", "videos", "--file", file]);
  expect((await shown("again.db")).out).toBe((await shown("buckets.db")).out);
});

test("on a server, once however often", async () => {
  const folder = temporaryFolder();
  await exportInto(folder);
  const service = await serveTest();
  const env = { BUCKETLOG_URL: service.url, BUCKETLOG_TOKEN: tokens.admin };
  for (const _ of [1, 2]) {
    const ran = await bucketlog(folder, ["import", "history.ndjson", "--json"], env);
    expect(JSON.parse(ran.out)).toMatchObject({ changes: 3 });
  }
  expect(await service.store.head()).toMatchObject({ position: 3 });
});

test("a line that is refused says how to go on", async () => {
  const folder = temporaryFolder();
  await makeFile(folder);
  const seed = [
    { command: "archive", bucket: "videos" },
    { command: "archive", bucket: "videos" },
    { command: "create_token", body: { name: "reader", permission: "read" } },
  ];
  const put = (lines: readonly object[]) =>
    writeFileSync(join(folder, "seed.ndjson"), lines.map((one) => JSON.stringify(one)).join("\n"));
  put(seed);
  const refused = await bucketlog(folder, ["import", "seed.ndjson"]);
  expect(refused).toMatchObject({ code: 2, out: "" });
  expect(refused.err).toMatch(/Line 2 of .*seed.ndjson was refused: .*\n.*add --from-line 2/);
  const service = await serveTest();
  const elsewhere = ["import", "seed.ndjson", "--url", service.url, "--token", tokens.admin];
  expect((await bucketlog(folder, elsewhere)).err).toContain("nothing happens twice");
  put(seed.with(1, { command: "activate", bucket: "videos" }));
  const ran = await bucketlog(folder, ["import", "seed.ndjson", "--from-line", "2"]);
  expect(ran.out).toMatch(/^2 changes of .*\ntoken of reader, shown this once: \S+\n$/);
  await using store = await openBuckets({ file: join(folder, "buckets.db") });
  expect(await store.head()).toMatchObject({ position: 6 });
});

test("a file that a server holds is changed through the server", async () => {
  const folder = temporaryFolder();
  await exportInto(folder);
  await using _ = await openBuckets({ file: join(folder, "buckets.db") });
  const ran = await bucketlog(folder, ["import", "history.ndjson"]);
  expect(ran.code).toBe(5);
  expect(ran.err).toContain("add --url");
});

test("--key is for a whole log, and --skip leaves events out", async () => {
  const folder = temporaryFolder();
  await exportInto(folder);
  const keyed = await bucketlog(folder, ["import", "history.ndjson", "--key", "a+b+c"]);
  expect(keyed).toMatchObject({ code: 2, err: expect.stringContaining("add --log") });
  const args = ["import", "history.ndjson", "--file", "b.db", "--skip", "bucket.patched", "x.y"];
  const ran = await bucketlog(folder, args);
  expect(ran.out).toContain("2 were left out (--skip, and what is of tokens)");
});
