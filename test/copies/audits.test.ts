/** The page on audits is true: each of its questions is asked of an extract, and answered as it should be. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { linesOf, loadSeed } from "../../src/service/seeds/load-seed.js";
import { SeedPast } from "../../src/service/seeds/seed-past.js";

const page = readFileSync(new URL("../../src/copies/audits.md", import.meta.url), "utf8");
const story = readFileSync(new URL("../../data/story.ndjson", import.meta.url), "utf8");
const questions = [...page.matchAll(/^(.*\?)(?: \(.*\))?\n\n```sql\n([\s\S]*?)^```$/gm)].map(
  ([, asked = "", sql = ""]) => [asked, sql] as const,
);

/** Two years of buckets, and three calls of which two were deleted. */
async function extractTo(file: string): Promise<void> {
  const past = new SeedPast();
  await using store = await openBuckets({ file: ":memory:", clock: past.now, newId: past.newId });
  await loadSeed(store, linesOf(story), { name: "the story", past });
  past.hold(Date.parse("2026-10-20T08:00:00Z"), []);
  const calls = store.namespace("default", { actor: "chidi" }).objects("support-calls");
  const record = async (call_id: string) => {
    const data = { url: "https://files.example/a.mp3", mime_type: "audio/mpeg" };
    const blobs = [{ property: "recording", type: "audio", data }];
    return (await calls.create({ call_id, agent: "noor", blobs })).object.object_id;
  };
  const [first, second] = [await record("c-1"), await record("c-2")];
  await record("c-3");
  await calls.patch(first, { agent: "sam" }, { reason: "Sam took it over" });
  await calls.delete(first, { reason: "DSR-140" });
  await calls.delete(second, { reason: "DSR-141" });
  await store.extract(file);
}

const notice = '{"recording_days":90,"transcript_days":180,"rule":"privacy notice 4.2"}';

const expected: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  "How long did we keep calls, who said so, and why?": [
    [
      "2024-11-13T12:21:48.000Z",
      "chidi",
      null,
      "365",
      "Voices are personal data: say so, and how long we keep them",
    ],
    [
      "2025-01-20T10:48:59.000Z",
      "mira",
      "365",
      "90",
      "Our privacy notice promises 90 days, not a year",
    ],
    [
      "2026-09-07T12:36:18.000Z",
      "mira",
      "90",
      null,
      "Recordings and transcripts have different retention from now on",
    ],
    [
      "2026-09-07T12:36:18.000Z",
      "mira",
      null,
      notice,
      "Recordings and transcripts have different retention from now on",
    ],
  ],
  "Who has changed something without saying why?": [
    ["chidi", 4, "2025-09-30T15:46:27.000Z", "2026-10-20T08:00:00.000Z"],
    ["ana", 2, "2025-07-15T09:05:02.000Z", "2026-06-10T15:54:36.000Z"],
    ["José", 1, "2025-11-24T17:28:20.000Z", "2025-11-24T17:28:20.000Z"],
    ["yuki", 1, "2026-09-24T05:26:11.000Z", "2026-09-24T05:26:11.000Z"],
  ],
  "Who locked a bucket, and who opened it again?": [
    ["contracts", "2025-04-14T07:00:00.000Z", "mira", "2025-04-24T15:12:48.000Z", "mira"],
    ["support-calls", "2025-05-19T07:45:00.000Z", "mira", null, null],
    ["product-videos", "2025-09-02T08:00:00.000Z", "mira", "2025-09-05T14:20:35.000Z", "mira"],
    ["training-sets", "2025-10-08T08:15:00.000Z", "ben", "2025-10-22T16:33:19.000Z", "ben"],
    ["写真アーカイブ", "2026-02-10T00:30:00.000Z", "yuki", "2026-02-27T08:45:23.000Z", "yuki"],
    ["contracts", "2026-04-13T07:00:00.000Z", "mira", null, null],
    ["training-sets", "2026-10-19T08:00:00.000Z", "ben", null, null],
  ],
  "Which buckets hold personal data, and which of them say nothing of how long it is kept?": [
    ["support-calls", "support", notice],
    ["training-sets", "models", "nothing"],
  ],
  "Which calls were deleted, by whom, and what had been said about them?": [
    ["2026-10-20T08:00:00.000Z", "chidi", "DSR-140", "/agent", '"sam"'],
    ["2026-10-20T08:00:00.000Z", "chidi", "DSR-140", "/call_id", '"c-1"'],
    ["2026-10-20T08:00:00.000Z", "chidi", "DSR-141", "/agent", '"noor"'],
    ["2026-10-20T08:00:00.000Z", "chidi", "DSR-141", "/call_id", '"c-2"'],
  ],
};

describe("the page on audits", () => {
  let db: Database.Database;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "bucketlog-audit-"));
    await extractTo(join(folder, "audit.db"));
    db = new Database(join(folder, "audit.db"), { readonly: true });
    return () => {
      db.close();
      rmSync(folder, { recursive: true });
    };
  });

  test("asks five questions", () => {
    expect(questions.map(([asked]) => asked)).toEqual(Object.keys(expected));
  });

  test.each(questions)("%s", (asked, sql) => {
    expect(db.prepare(sql).raw().all()).toEqual(expected[asked]);
  });
});
