import { describe, expect, test } from "vitest";
import { bucketTag, renderBucket } from "../../../src/domain/bucket/response.js";
import { type BucketStats, emptyStats } from "../../../src/domain/bucket/stats.js";
import type { JsonObject } from "../../../src/domain/json.js";
import { bucketId, created, locked, now, plainDocument, stateAfter } from "../specification.js";

const viewpoint = { at: now, publicUrl: "https://buckets.example" };
const expiresAt = "2026-10-01T02:00:00.000Z";

function render(document: JsonObject) {
  return renderBucket(stateAfter([created(document)]), emptyStats, viewpoint);
}

test("a bucket leaves out what it does not have", () => {
  expect(render(plainDocument)).toStrictEqual({
    bucket_id: bucketId,
    bucket_name: "videos",
    bucket_schema: plainDocument["bucket_schema"],
    metadata: { team: "a" },
    object_count: 0,
    total_size_bytes: 0,
    created_at: "2026-10-01T00:00:00.000Z",
    updated_at: "2026-10-01T00:00:00.000Z",
    stats_updated_at: "2026-10-01T00:00:00.000Z",
    status: "ACTIVE",
    is_locked: false,
    batch_stats: { total: 0, active: 0, completed: 0, failed: 0 },
    storage_stats: { total_size_bytes: 0, avg_size_bytes: 0, max_size_bytes: 0, min_size_bytes: 0 },
  });
});

test("a bucket shows all that it has, and the nulls in what is the user's own", () => {
  const metadata = JSON.parse('{"none":null,"__proto__":{"a":null}}');
  const state = stateAfter([
    created(
      { ...plainDocument, description: "", storage_class: "archive", metadata },
      {
        fields: ["video_id"],
      },
    ),
  ]);
  const bucket = renderBucket(state, emptyStats, viewpoint);
  expect(bucket).toMatchObject({
    description: "",
    storage_class: "archive",
    unique_key: { fields: ["video_id"] },
  });
  expect(JSON.stringify(bucket.metadata)).toBe('{"none":null,"__proto__":{"a":null}}');
});

test("statistics are shown with their average, in whole bytes", () => {
  const stats: BucketStats = {
    position: 9,
    objectCount: 4,
    totalSizeBytes: 10n,
    maxSizeBytes: 7,
    minSizeBytes: 1,
    lastUploadAt: "2026-10-01T00:20:00.000Z",
    updatedAt: "2026-10-01T00:30:00.000Z",
    batches: { total: 3, active: 1, completed: 1, failed: 1 },
  };
  expect(renderBucket(stateAfter([created()]), stats, viewpoint)).toMatchObject({
    object_count: 4,
    total_size_bytes: 10,
    last_upload_at: "2026-10-01T00:20:00.000Z",
    stats_updated_at: "2026-10-01T00:30:00.000Z",
    batch_stats: { total: 3, active: 1, completed: 1, failed: 1 },
    storage_stats: {
      total_size_bytes: 10,
      avg_size_bytes: 2,
      max_size_bytes: 7,
      min_size_bytes: 1,
    },
  });
});

describe("is_locked", () => {
  const state = stateAfter([created(), locked(expiresAt)]);
  const isLocked = (at: string) =>
    renderBucket(state, emptyStats, { ...viewpoint, at: Date.parse(at) }).is_locked;

  test("is about the moment that the answer is about", () => {
    expect(isLocked("2026-10-01T01:59:59.999Z")).toBe(true);
    expect(isLocked(expiresAt)).toBe(false);
  });
});

describe("a source adapter", () => {
  const document = {
    ...plainDocument,
    source_adapter: {
      adapter_type: "mux",
      enabled: true,
      connection: { api_base_url: "https://api.example", credentials: { token: "sec_token" } },
      webhook_secret: "sec_hook",
    },
  };

  test("shows masks, and where to deliver to", () => {
    expect(render(document).source_adapter).toStrictEqual({
      adapter_type: "mux",
      enabled: true,
      connection: { api_base_url: "https://api.example", credentials: { token: "********" } },
      webhook_secret: "********",
      webhook_url: `https://buckets.example/v1/ingest/${bucketId}`,
    });
  });

  test("shows the secret that this request made, and no other", () => {
    const shown = (reference: string) =>
      renderBucket(stateAfter([created(document)]), emptyStats, {
        ...viewpoint,
        revealedSecret: { reference, value: "whsec_once" },
      }).source_adapter?.["webhook_secret"];
    expect(shown("sec_hook")).toBe("whsec_once");
    expect(shown("sec_older")).toBe("********");
    expect(shown("sec_token")).toBe("********");
  });
});

describe("the tag", () => {
  test("is the version and the position of the statistics", () => {
    expect(bucketTag(stateAfter([created()]), emptyStats, now)).toBe("1.0");
    expect(bucketTag(stateAfter([created(), locked()]), { ...emptyStats, position: 7 }, now)).toBe(
      "2.7",
    );
  });

  test("gets .u at the instant that a lock lapses", () => {
    const state = stateAfter([created(), locked(expiresAt)]);
    expect(bucketTag(state, emptyStats, Date.parse(expiresAt) - 1)).toBe("2.0");
    expect(bucketTag(state, emptyStats, Date.parse(expiresAt))).toBe("2.0.u");
  });
});
