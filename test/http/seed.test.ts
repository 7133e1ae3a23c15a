/**
 * Goal: the PATCH page of the hosted contract holds. Method: its own example request, with every
 * placeholder replaced by a valid value, and every field of its own example response expected back.
 */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/domain/json.js";
import {
  at,
  bucketOf,
  eventsOf,
  expectRefusal,
  header,
  leavesNoTrace,
  makeBucket,
  ndjsonOf,
  type Service,
  serveTest,
  TestClock,
} from "../support/server.js";

const adapter = {
  adapter_type: "mux",
  enabled: true,
  event_filter: { event_types: ["video.asset.ready"] },
  field_mapping: { title: "data.meta.title" },
  blob_source: {
    file_field: "data.playback_url",
    target_property: "video",
    blob_type: "video",
  },
  batching: { mode: "time_window", window_seconds: 30, max_batch_size: 100, auto_submit: true },
  dedup_key: "id",
  webhook_secret: "seed-secret-of-the-caller",
  webhook_url: "https://elsewhere.example/hook",
};

/** The contract allows either form of connection, never both. */
const connections: Readonly<Record<string, JsonObject>> = {
  connection_id: { connection_id: "conn_1" },
  connection: {
    connection: { api_base_url: "https://api.mux.com", credentials: { token_id: "seed-token-id" } },
  },
};

function seedBody(form: string) {
  return {
    bucket_name: "product-videos",
    description: "Videos of products",
    metadata: { team: "growth" },
    bucket_schema: { properties: { video_id: { type: "string" }, video: { type: "video" } } },
    source_adapter: { ...adapter, ...connections[form] },
  };
}

/** Every field of the example response but one: nothing was uploaded, so there is no last upload. */
const seedFields = [
  "bucket_name",
  "object_count",
  "total_size_bytes",
  "bucket_id",
  "description",
  "bucket_schema",
  "unique_key",
  "metadata",
  "created_at",
  "updated_at",
  "stats_updated_at",
  "status",
  "is_locked",
  "batch_stats",
  "storage_stats",
  "source_adapter",
];

function makeSeedBucket(service: Service): Promise<string> {
  return makeBucket(service, {
    bucket_name: "before",
    bucket_schema: { properties: { video_id: { type: "string" } } },
    unique_key: { default_policy: "upsert", fields: ["video_id"] },
  });
}

describe("PATCH /v1/buckets/{bucket_identifier}", () => {
  it("refuses both forms of connection at once", async () => {
    const service = await serveTest();
    const path = await makeSeedBucket(service);
    const both = { ...adapter, ...connections["connection_id"], ...connections["connection"] };
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { source_adapter: both }),
    );
    expectRefusal(answer, 422, "ValidationError");
  });

  it.each(Object.keys(connections))("answers the seed's own request, with %s", async (form) => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeSeedBucket(service);
    clock.advance(1_000);
    const response = await fetch(`${service.url}${path}`, {
      method: "PATCH",
      headers: {
        Authorization: "Bearer write-token-0123456789",
        "Content-Type": "application/json",
      },
      body: JSON.stringify(seedBody(form)),
    });
    const body: unknown = await response.json();
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(Object.keys(Object(body)).sort()).toEqual([...seedFields].sort());
    // CONTRACT section 1: what is null is left out; a bucket without objects has no last upload.
    expect(body).not.toHaveProperty("last_upload_at");
    const masked = {
      ...adapter,
      ...connections[form],
      ...(form === "connection" && {
        connection: { api_base_url: "https://api.mux.com", credentials: { token_id: "********" } },
      }),
      webhook_secret: "********",
    };
    const id = path.split("/").at(-1);
    expect(body).toEqual({
      ...seedBody(form),
      bucket_id: id,
      object_count: 0,
      total_size_bytes: 0,
      unique_key: { default_policy: "upsert", fields: ["video_id"] },
      created_at: "2026-10-01T12:00:00.000Z",
      updated_at: "2026-10-01T12:00:01.000Z",
      stats_updated_at: "2026-10-01T12:00:00.000Z",
      status: "ACTIVE",
      is_locked: false,
      batch_stats: { total: 0, active: 0, completed: 0, failed: 0 },
      storage_stats: {
        total_size_bytes: 0,
        avg_size_bytes: 0,
        max_size_bytes: 0,
        min_size_bytes: 0,
      },
      // The server fills in the address that deliveries go to, whatever was sent.
      source_adapter: { ...masked, webhook_url: `${service.url}/v1/ingest/${id}` },
    });
    expect(response.headers.get("X-Ignored-Fields")).toBe("source_adapter.webhook_url");
  });

  it("takes every field as null, as the contract types them", async () => {
    const service = await serveTest();
    const path = await makeSeedBucket(service);
    await service.patch(path, { ...seedBody("connection_id"), storage_class: "nearline" });
    const cleared = bucketOf(
      await service.patch(path, {
        bucket_name: null,
        description: null,
        metadata: null,
        bucket_schema: null,
        source_adapter: null,
        storage_class: null,
      }),
    );
    expect(cleared).toMatchObject({
      bucket_name: "product-videos",
      metadata: {},
      bucket_schema: seedBody("connection_id").bucket_schema,
    });
    expect(cleared).not.toHaveProperty("description");
    expect(cleared).not.toHaveProperty("storage_class");
    expect(cleared).not.toHaveProperty("source_adapter");
  });

  it("records each patch as one event, keeps every earlier state, and replays to the view", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeSeedBucket(service);
    const bodies = [
      seedBody("connection_id"),
      { description: null },
      { bucket_name: null },
      {},
      { description: "Again" },
    ];
    const states = [bucketOf(await service.get(path))];
    for (const [index, body] of bodies.entries()) {
      clock.advance(1_000);
      const answer = await service.patch(path, body, {
        token: "write",
        headers: { "X-Reason": `why%20${index}`, "X-Request-Id": `request-${index}` },
      });
      expect(header(answer, "X-Version")).toBe(String(index + 2));
      expect(header(answer, "ETag")).toBe(`"${index + 2}.0"`);
      states.push(bucketOf(answer));
    }

    // updated_at moves when, and only when, the patchable document changed.
    expect(states.map(({ updated_at }) => updated_at.slice(17))).toEqual([
      "00.000Z",
      "01.000Z",
      "02.000Z",
      "02.000Z",
      "02.000Z",
      "05.000Z",
    ]);
    expect(states[2]).not.toHaveProperty("description");
    expect(states[3]).toEqual(states[2]);
    expect(states[4]).toEqual(states[2]);

    const history = await eventsOf(service, path);
    expect(history).toHaveLength(6);
    expect(history.slice(1)).toMatchObject(
      bodies.map((_, index) => ({
        version: index + 2,
        type: "bucket.patched",
        actor: "write",
        reason: `why ${index}`,
        request_id: `request-${index}`,
        media_type: "application/json",
        recorded_at: `2026-10-01T12:00:0${index + 1}.000Z`,
      })),
    );
    const changes = history.map((entry) => Object(entry).changes);
    expect(changes[1]).toContainEqual({
      op: "replace",
      path: "/bucket_name",
      value: "product-videos",
      was: "before",
    });
    expect(changes[1]).toContainEqual({
      op: "add",
      path: "/bucket_schema/properties/video",
      value: { type: "video" },
    });
    expect(changes.slice(2)).toEqual([
      [{ op: "remove", path: "/description", was: "Videos of products" }],
      [],
      [],
      [{ op: "add", path: "/description", value: "Again" }],
    ]);

    for (const [index, state] of states.entries()) {
      const past = await service.get(`${path}?as_of=${index + 1}`);
      expect(past.body).toEqual(state);
      expect(header(past, "Cache-Control")).toBe("private, no-cache");
    }
    const byTime = await service.get(`${path}?as_of=2026-10-01T12:00:01.500Z`);
    expect(byTime.body).toEqual(states[1]);

    const lines = ndjsonOf(await service.get(`${path}/replay`));
    expect(lines.at(-1)).toEqual({ replayed: 6, version: 6, matches_view: true });
    expect(lines.at(-2)).toMatchObject({ document: { description: "Again" } });
  });

  it("names the event's bucket whichever way it was addressed", async () => {
    const service = await serveTest();
    const path = await makeSeedBucket(service);
    const answer = await service.patch("/v1/buckets/before", { description: "By name" });
    expect(at(answer, "bucket_id")).toBe(path.split("/").at(-1));
  });
});
