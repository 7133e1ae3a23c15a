/** What the machine does to a store is told as what it is, and seen by whoever asks how the store is. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { BucketsError } from "../../src/domain/errors.js";
import { explainFault, StorageFaults } from "../../src/service/storage-faults.js";
import { at, expectRefusal, header, makeBucket, serveTest, textAt } from "../support/server.js";

const system = (code: string) =>
  Object.assign(new Error(`${code}: what it says, open '/a/secret/path'`), {
    code,
    syscall: "open",
  });

describe("an error of the machine", () => {
  test.each(["ENOSPC", "EDQUOT", "EFBIG"])("%s is a full disk", (code) => {
    expect(explainFault(system(code))).toMatchObject({ code: "STORAGE_FULL" });
  });

  test.each(["EROFS", "EACCES", "EIO", "EMFILE", "ENOTDIR"])("%s is failing storage", (code) => {
    const told = explainFault(system(code));
    expect(told).toMatchObject({ code: "STORAGE_FAILED", cause: { code } });
    expect(String(told)).not.toContain("secret");
  });

  test.each(["SQLITE_IOERR_READ", "SQLITE_CORRUPT", "SQLITE_READONLY", "SQLITE_BUSY"])(
    "%s is failing storage",
    (code) => {
      const error = new Database.SqliteError("what it says", code);
      expect(explainFault(error)).toMatchObject({ code: "STORAGE_FAILED", cause: error });
    },
  );

  test("is nothing else: what is ours, and what is a bug, stays as it is", () => {
    const others = [
      new BucketsError("STORAGE_FULL", "full"),
      new TypeError("a bug"),
      system("ENOENT"),
      new Database.SqliteError("a bug", "SQLITE_ERROR"),
      "no error",
    ];
    for (const error of others) expect(explainFault(error)).toBe(error);
  });

  test("counts for half a minute, by its code and call, without its path", () => {
    let now = 0;
    const faults = new StorageFaults(() => now);
    faults.of("blobs")(system("EIO"));
    expect(faults.check("storage")).toMatchObject({ status: "pass" });
    expect(faults.check("blobs")).toMatchObject({
      status: "fail",
      says: "the blobs failed less than half a minute ago: EIO in open",
    });
    now = 30_001;
    expect(faults.check("blobs")).toMatchObject({ status: "pass" });
  });
});

describe("a server whose blobs cannot be written or read", () => {
  test("answers 503, is not ready, and takes other writes", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, {
      bucket_schema: { properties: { clip: { type: "video" } } },
    });
    const object = {
      blobs: [
        { property: "clip", type: "video", data: { base64: "AAAA", mime_type: "video/mp4" } },
      ],
    };
    writeFileSync(`${service.file}.blobs`, "no folder");
    const refused = await service.post(`${path}/objects`, object);
    expectRefusal(refused, 503, "UnavailableError");
    expect(at(refused, "error", "code")).toBe("STORAGE_FAILED");
    expect(Number(header(refused, "Retry-After"))).toBeGreaterThan(0);
    const readiness = await service.get("/readyz");
    expectRefusal(readiness, 503, "UnavailableError");
    expect(textAt(readiness, "error", "details", "reason")).toMatch(/blobs/);
    rmSync(`${service.file}.blobs`);
    const made = await service.post(`${path}/objects`, object);
    expect(made.status).toBe(200);
    // What cannot be opened as a file fails alike when it is read.
    const hash = textAt(made, "blobs", "0", "details", "hash");
    const stored = `${service.file}.blobs/${hash.slice(0, 2)}/${hash}`;
    rmSync(stored);
    mkdirSync(stored);
    const blob = `${path}/objects/${textAt(made, "object_id")}/blobs/${textAt(made, "blobs", "0", "blob_id")}`;
    expectRefusal(await service.get(blob), 503, "UnavailableError");
    expect((await service.get(path)).status).toBe(200);
  });
});
