/** Backups that are taken by request: only where the operator has said, and told line by line. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectBuckets, restoreBackup } from "../../src/index.js";
import { temporaryFile, temporaryFolder } from "../support/backends.js";
import { expectRefusal, ndjsonOf, serveTest, tokens } from "../support/server.js";

describe("a backup is refused", () => {
  test("by a server that was given no folder for them, and to who may not have all of it", async () => {
    const service = await serveTest();
    const refused = await service.post("/v1/admin/backups", { to: "new" });
    expectRefusal(refused, 403, "ForbiddenError");
    const root = temporaryFolder();
    const open = await serveTest({ backupRoot: root });
    const asked = await open.post("/v1/admin/backups", { to: "new" }, { token: "delete" });
    expectRefusal(asked, 403, "ForbiddenError");
    expect(readdirSync(root)).toEqual([]);
  });

  test("outside of that folder, also by way of a link; and where something is", async () => {
    const root = temporaryFolder();
    const outside = temporaryFolder();
    const service = await serveTest({ backupRoot: root });
    symlinkSync(outside, join(root, "link"));
    for (const to of ["..", ".", "../new", join(outside, "new"), "link/new", "no/folder"]) {
      expectRefusal(await service.post("/v1/admin/backups", { to }), 403, "ForbiddenError");
    }
    writeFileSync(join(root, "there"), "");
    const there = await service.post("/v1/admin/backups", { to: "there" });
    expectRefusal(there, 409, "AlreadyExistsError");
    expectRefusal(await service.post("/v1/admin/backups", {}), 422, "ValidationError");
    expect(readdirSync(outside)).toEqual([]);
  });

  test("while another is taken", async () => {
    const service = await serveTest({ backupRoot: temporaryFolder() });
    const [one, other] = await Promise.all(
      ["one", "other"].map((to) => service.post("/v1/admin/backups", { to })),
    );
    expect([one?.status, other?.status].sort()).toEqual([200, 409]);
  });
});

test("a backup is told line by line, its report last, and becomes a store; the client does the same", async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, "nightly"));
  const service = await serveTest({ backupRoot: root });
  await service.post("/v1/buckets", { bucket_name: "videos", bucket_schema: { properties: {} } });
  const lines = ndjsonOf(await service.post("/v1/admin/backups", { to: "nightly/monday" }));
  expect(lines.at(0)).toMatchObject({ progress: { total: expect.any(Number) } });
  const head = await service.store.head();
  expect(lines.at(-1)).toMatchObject({ position: 1, hash: head.hash, keys: "excluded" });
  await using client = connectBuckets({ baseUrl: service.url, token: tokens.admin });
  const steps = new Set<string>();
  const report = await client.backup("nightly/monday", {
    update: true,
    onProgress: ({ step }) => steps.add(step),
  });
  expect(report).toMatchObject({ position: 1 });
  expect(steps).toContain("verify");
  const file = temporaryFile();
  expect(await restoreBackup(join(root, "nightly", "monday"), file)).toMatchObject({ position: 1 });
  expect(existsSync(file)).toBe(true);
});
