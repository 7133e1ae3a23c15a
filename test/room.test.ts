/** The part of the disk that is kept free: writes end before SQLite finds no room, and reads go on. */
import { readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileBlobStore } from "../src/blobstore/file/blob-store.js";
import { Room } from "../src/room.js";
import { FixedClock } from "./support/clock.js";
import { serve, serveTest, temporaryFile } from "./support/server.js";

const mebibyte = 1024 * 1024;

describe("room", () => {
  test("is looked at again after a while, so that writing goes on once there is enough", () => {
    let [now, free, looked] = [0, 100, 0];
    const look = () => {
      looked += 1;
      return free;
    };
    const room = new Room({ file: "/data/a.db", minFreeBytes: 50, look, now: () => now });
    room.assertEnough();
    free = 49;
    room.assertEnough();
    expect(looked).toBe(1);
    now = 250;
    expect(() => room.assertEnough()).toThrow(
      expect.objectContaining({
        code: "STORAGE_FULL",
        details: { outcome: "not_written", free_bytes: 49, min_free_bytes: 50 },
      }),
    );
    free = 50;
    now = 500;
    room.assertEnough();
  });

  test("of a place that is gone is unknown, and for others to tell", () => {
    const look = () => {
      throw new Error("ENOENT");
    };
    const room = new Room({ file: "/data/a.db", minFreeBytes: 50, look });
    expect(room.freeBytes).toBeUndefined();
    room.assertEnough();
  });

  test("is looked at while bytes arrive, and nothing of them is kept", async () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    let free = 100;
    const enough = () => {
      if (free < 50) throw new Error("no room");
    };
    const folder = `${file}.blobs`;
    const store = new FileBlobStore(folder, new FixedClock().read, { assertEnough: enough });
    async function* bytes() {
      yield Buffer.from("one");
      free = 49;
      yield Buffer.from("two");
    }
    await expect(store.write(bytes())).rejects.toThrow("no room");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("a server with too little takes no write, says why, and reads on", async () => {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  const before = await serve({ file });
  const bucket = { bucket_name: "films", bucket_schema: { properties: {} } };
  expect(await before.post("/v1/buckets", bucket)).toMatchObject({ status: 200 });
  await before.close();

  const service = await serveTest({ file, minFreeBytes: Number.MAX_SAFE_INTEGER });
  const refused = { status: 507, body: { error: { code: "STORAGE_FULL" } } };
  expect(await service.patch("/v1/buckets/films", { description: "x" })).toMatchObject(refused);
  const data = { base64: Buffer.alloc(20_000).toString("base64") };
  const object = { blobs: [{ property: "video", type: "video", data }] };
  expect(await service.post("/v1/buckets/films/objects", object)).toMatchObject(refused);
  expect(await service.get("/v1/buckets/films")).toMatchObject({ status: 200 });
  const ready = await service.get("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain("kept free: no write is taken");
  const { text } = await service.get("/metrics");
  const metric = (name: string) => Number(text.split(`\n${name} `)[1]?.split("\n")[0]);
  expect(metric('bucketlog_storage_bytes{part="database"}')).toBeGreaterThan(0);
  expect(metric("bucketlog_disk_free_bytes")).toBeGreaterThan(mebibyte);
});
