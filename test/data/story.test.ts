/**
 * Goal: the demo story is one that the service accepts, line by line, and it shows what it promises.
 * Method: replay it through the pure domain, with the times and actors of the story; the references
 * of secrets are the values themselves, because nothing is stored.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { BucketCommand } from "../../src/domain/bucket/commands.js";
import { decideBucket } from "../../src/domain/bucket/decide.js";
import { CreateBucketRequest, ignoredFields } from "../../src/domain/bucket/document.js";
import { lockAt } from "../../src/domain/bucket/lock.js";
import { bucketSecrets, type SecretReferences } from "../../src/domain/bucket/secrets.js";
import { type BucketState, nameOf } from "../../src/domain/bucket/state.js";
import type { RecordedEvent } from "../../src/domain/event.js";
import { isJsonArray, isJsonObject, type JsonValue, toJson } from "../../src/domain/json.js";
import { parseJsonText } from "../../src/domain/json-text.js";
import { limits } from "../../src/domain/limits.js";
import { patchMediaTypes } from "../../src/domain/patch-media-type.js";
import { parsePointer } from "../../src/domain/pointer.js";
import { evolve, stateOfKind } from "../../src/domain/resource.js";
import { jsonObject, jsonValue, requireObject, timestamp } from "../../src/domain/schemas.js";
import { secretMask } from "../../src/domain/secrets.js";

const said = {
  at: z.iso.datetime({ precision: 3 }),
  actor: z.string().min(1),
  reason: z.string().min(1).max(limits.reasonLengthMax).optional(),
  namespace: z.literal("default"),
};
const CreateLine = z.strictObject({ ...said, command: z.literal("create"), body: jsonObject });
const PatchLine = z.strictObject({
  ...said,
  command: z.literal("patch"),
  bucket: z.string(),
  media_type: z.enum(patchMediaTypes),
  body: jsonValue,
});
const LockLine = z.strictObject({
  ...said,
  command: z.literal("lock"),
  bucket: z.string(),
  body: z.strictObject({ reason: z.string().optional(), expires_at: timestamp.optional() }),
});
const UnlockLine = z.strictObject({
  ...said,
  command: z.literal("unlock"),
  bucket: z.string(),
  body: z.strictObject({}),
});
const Line = z.discriminatedUnion("command", [CreateLine, PatchLine, LockLine, UnlockLine]);
type Line = z.infer<typeof Line>;

const file = readFileSync(new URL("../../data/story.ndjson", import.meta.url), "utf8");
const lines = file
  .trimEnd()
  .split("\n")
  .map((text) => Line.parse(parseJsonText(new TextEncoder().encode(text))));

/** The secrets that a line sends, each once; one that is masked is not sent. */
function secretsIn(line: Line): string[] {
  if (line.command === "lock" || line.command === "unlock") return [];
  const found = isJsonArray(line.body)
    ? line.body.flatMap(secretsInOperation)
    : bucketSecrets.references(line.body);
  return [...new Set(found)].filter((secret) => secret !== secretMask);
}

function secretsInOperation(operation: JsonValue): string[] {
  if (!isJsonObject(operation)) return [];
  const { path, value } = operation;
  if (typeof path !== "string" || value === undefined) return [];
  return bucketSecrets.references(value, parsePointer(path) ?? []);
}

function commandOf(line: Line): BucketCommand {
  const secrets: SecretReferences = { sealed: secretsIn(line), generated: "sec_demo" };
  switch (line.command) {
    case "create": {
      const { unique_key, ...fields } = CreateBucketRequest.parse(line.body);
      return {
        type: "create_bucket",
        fields: requireObject(toJson(fields)),
        uniqueKey: unique_key ?? undefined,
        secrets,
      };
    }
    case "patch":
      return { type: "patch_bucket", mediaType: line.media_type, patch: line.body, secrets };
    case "lock":
      return {
        type: "lock_bucket",
        reason: line.body.reason,
        expiresAt: line.body.expires_at,
      };
    case "unlock":
      return { type: "unlock_bucket" };
  }
}

interface Told {
  /** The buckets at the end, by id. */
  readonly buckets: ReadonlyMap<string, BucketState>;
  readonly events: readonly RecordedEvent[];
}

/** What the story makes happen. @throws with the number of the line that is refused. */
function replay(story: readonly Line[]): Told {
  const buckets = new Map<string, BucketState>();
  const events: RecordedEvent[] = [];
  for (const [index, line] of story.entries()) {
    try {
      const recorded = record(line, index + 1, buckets);
      const { stream } = recorded;
      const state = stateOfKind("bucket", evolve(buckets.get(stream), recorded));
      assertNameIsFree(state, buckets);
      buckets.set(stream, state);
      events.push(recorded);
    } catch (error) {
      throw new Error(`line ${index + 1}, ${line.at}: ${error}`, { cause: error });
    }
  }
  return { buckets, events };
}

function record(
  line: Line,
  position: number,
  buckets: ReadonlyMap<string, BucketState>,
): RecordedEvent {
  const before = line.command === "create" ? undefined : bucketNamed(line.bucket, buckets);
  const now = Date.parse(line.at);
  const stream = before?.bucket_id ?? `bkt_${String(position).padStart(26, "0")}`;
  return {
    position,
    stream,
    version: (before?.version ?? 0) + 1,
    namespace: line.namespace,
    bucketId: stream,
    eventId: `evt_${position}`,
    transactionId: undefined,
    recordedAt: now,
    meta: {
      actor: line.actor,
      request_id: `req_${position}`,
      ...(line.reason !== undefined && { reason: line.reason }),
    },
    event: decideBucket(before, commandOf(line), { now, actor: line.actor }),
  };
}

function bucketNamed(name: string, buckets: ReadonlyMap<string, BucketState>): BucketState {
  const found = [...buckets.values()].find((state) => nameOf(state) === name);
  if (found === undefined) throw new Error(`no bucket has the name "${name}" at this moment`);
  return found;
}

function assertNameIsFree(state: BucketState, buckets: ReadonlyMap<string, BucketState>): void {
  const name = nameOf(state);
  const others = [...buckets.values()].filter((other) => other.bucket_id !== state.bucket_id);
  if (others.some((other) => nameOf(other) === name)) throw new Error(`"${name}" is taken`);
}

const firstCreation: Line = {
  at: "2024-11-04T09:00:00.000Z",
  actor: "ana",
  namespace: "default",
  command: "create",
  body: { bucket_name: "contracts", bucket_schema: { properties: {} } },
};
const laterLock: Line = {
  at: "2024-11-05T09:00:00.000Z",
  actor: "mira",
  namespace: "default",
  command: "lock",
  bucket: "contracts",
  body: { expires_at: "2024-11-06T09:00:00.000Z" },
};

function describing(bucket: string, at: string): Line {
  return {
    at,
    actor: "ben",
    namespace: "default",
    command: "patch",
    bucket,
    media_type: "application/json",
    body: { description: "Signed contracts" },
  };
}

describe("the replay", () => {
  it("refuses a line about a bucket that nobody has created", () => {
    const story = [describing("contracts", "2024-11-04T09:00:00.000Z")];
    expect(() => replay(story)).toThrow("line 1, 2024-11-04T09:00:00.000Z: Error: no bucket has");
  });

  it("refuses a second bucket of the same name", () => {
    expect(() => replay([firstCreation, firstCreation])).toThrow('"contracts" is taken');
  });

  it("refuses a patch while a lock holds, and accepts it once the lock has lapsed", () => {
    const early = describing("contracts", "2024-11-06T08:59:59.999Z");
    const onTime = describing("contracts", "2024-11-06T09:00:00.000Z");
    expect(() => replay([firstCreation, laterLock, early])).toThrow("is locked by mira");
    expect(replay([firstCreation, laterLock, onTime]).events).toHaveLength(3);
  });
});

describe("the demo story", () => {
  it("is accepted line by line", () => {
    expect(replay(lines).events).toHaveLength(lines.length);
  });

  it("tells at least 120 changes of at least 6 buckets", () => {
    expect(lines.length).toBeGreaterThanOrEqual(120);
    expect(replay(lines).buckets.size).toBeGreaterThanOrEqual(6);
  });

  it("goes forward in time, and no two lines happen at the same moment", () => {
    const times = lines.map((line) => Date.parse(line.at));
    const ascending = [...new Set(times)].sort((a, b) => a - b);
    expect(times).toEqual(ascending);
  });

  it("spans two years", () => {
    expect(lines.at(0)?.at).toMatch(/^2024-11/);
    expect(lines.at(-1)?.at).toMatch(/^2026-10/);
  });

  it("is told by several actors, one of them with an accent", () => {
    const actors = new Set(lines.map((line) => line.actor));
    expect(actors.size).toBeGreaterThanOrEqual(5);
    expect(actors).toContain("José");
  });

  it("gives a reason for nearly every change, and a few that people forgot", () => {
    const forgotten = lines.filter((line) => line.reason === undefined);
    expect(forgotten.length).toBeGreaterThanOrEqual(3);
    expect(forgotten.length).toBeLessThanOrEqual(8);
  });

  it("uses all three patch media types, and a JSON Patch that tests first", () => {
    const patches = lines.filter((line) => line.command === "patch");
    const used = new Set(patches.map((line) => line.media_type));
    expect([...used].sort()).toEqual([...patchMediaTypes].sort());
    const tests = patches.flatMap((line) => (isJsonArray(line.body) ? line.body : []));
    expect(tests).toContainEqual(expect.objectContaining({ op: "test" }));
  });

  it("sends no field that the service would ignore", () => {
    const stray = lines.flatMap((line) => {
      const isDocument = line.command === "create" || line.command === "patch";
      return isDocument && isJsonObject(line.body) ? ignoredFields(line.body) : [];
    });
    expect(stray).toEqual([]);
  });

  it("renames buckets", () => {
    const renames = patchEvents().filter((changes) =>
      changes.some(({ op, path }) => op === "replace" && path === "/bucket_name"),
    );
    expect(renames.length).toBeGreaterThanOrEqual(1);
  });

  it("locks and unlocks, and lets a lock lapse by itself", () => {
    const { events } = replay(lines);
    const types = events.map(({ event }) => event.type);
    const locked = types.filter((type) => type === "bucket.locked").length;
    const unlocked = types.filter((type) => type === "bucket.unlocked").length;
    expect(unlocked).toBeGreaterThanOrEqual(1);
    expect(locked).toBeGreaterThan(unlocked);
  });

  it("has a patch that changes nothing", () => {
    expect(patchEvents()).toContainEqual([]);
  });

  it("tells of a mistake and its correction", () => {
    const corrections = lines.filter((line) => /mistake/i.test(line.reason ?? ""));
    expect(corrections.length).toBeGreaterThanOrEqual(1);
  });

  it("has buckets with a unique key, names beyond ASCII and keys that a pointer must escape", () => {
    const { buckets, events } = replay(lines);
    const states = [...buckets.values()];
    expect(states.some((state) => state.unique_key !== undefined)).toBe(true);
    expect(states.map(nameOf)).toContain("写真アーカイブ");
    const paths = events.flatMap(({ event }) =>
      event.type === "bucket.patched" ? event.data.changes.map(({ path }) => path) : [],
    );
    expect(paths).toContain("/metadata/counterparties/~0");
    const contracts = bucketNamed("contracts", buckets).document["metadata"];
    expect(contracts).toHaveProperty(["counterparties", "a/b"]);
  });

  it("holds no secrets but two that say they are none", () => {
    expect(lines.flatMap(secretsIn)).toEqual(["demo-not-a-secret-1", "demo-not-a-secret-2"]);
  });

  it("ends with product-videos unlocked, a long history behind it and its description new", () => {
    const { buckets, events } = replay(lines);
    const bucket = bucketNamed("product-videos", buckets);
    expect(bucket.version).toBeGreaterThanOrEqual(30);
    expect(lockAt(bucket, Date.parse(lines.at(-1)?.at ?? ""))).toBeUndefined();
    const latest = events.filter(({ stream }) => stream === bucket.bucket_id).slice(-5);
    const paths = latest.flatMap(({ event }) =>
      event.type === "bucket.patched" ? event.data.changes.map(({ path }) => path) : [],
    );
    expect(paths).toContain("/description");
  });
});

/** The changes of each patch of the story. */
function patchEvents() {
  return replay(lines).events.flatMap(({ event }) =>
    event.type === "bucket.patched" ? [event.data.changes] : [],
  );
}
