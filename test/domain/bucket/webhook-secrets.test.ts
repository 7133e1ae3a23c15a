import { describe, expect, test } from "vitest";
import { decideBucket } from "../../../src/domain/bucket/decide.js";
import type { BucketEvent } from "../../../src/domain/bucket/events.js";
import type { BucketState } from "../../../src/domain/bucket/state.js";
import {
  activeWebhookSecrets,
  secretsOfBucket,
} from "../../../src/domain/bucket/webhook-secrets.js";
import { refusalOf } from "../refusal.js";
import { actor, created, locked, now, plainDocument, stateAfter } from "../specification.js";

const adapter = { adapter_type: "mux", enabled: true, webhook_secret: "sec_1" };
const adapted = created({ ...plainDocument, source_adapter: adapter });
const hourMs = 60 * 60 * 1_000;

function rotated(state: BucketState, reference: string, overlapMs = hourMs, at = now): BucketEvent {
  return decideBucket(state, { type: "rotate_secret", reference, overlapMs }, { now: at, actor });
}

const iso = (time: number) => new Date(time).toISOString();

describe("rotating a webhook secret", () => {
  test("of a bucket without an adapter, or that is locked, is refused", () => {
    expect(refusalOf(() => rotated(stateAfter([created()]), "sec_2")).code).toBe("BAD_REQUEST");
    const closed = stateAfter([adapted, locked()]);
    expect(refusalOf(() => rotated(closed, "sec_2")).code).toBe("BUCKET_LOCKED");
  });

  test("leaves the old one active until the overlap is over, outside of the document", () => {
    const event = rotated(stateAfter([adapted]), "sec_2");
    expect(event).toEqual({
      type: "bucket.secret_rotated",
      data: {
        changes: [
          { op: "replace", path: "/source_adapter/webhook_secret", value: "sec_2", was: "sec_1" },
        ],
        retired: [{ reference: "sec_1", valid_until: iso(now + hourMs) }],
      },
    });
    const state = stateAfter([adapted, event]);
    expect(JSON.stringify(state.document)).not.toContain("sec_1");
    expect(activeWebhookSecrets(state, now + hourMs - 1)).toEqual(["sec_2", "sec_1"]);
    expect(activeWebhookSecrets(state, now + hourMs)).toEqual(["sec_2"]);
  });

  test("without an overlap ends the old one at once", () => {
    const state = stateAfter([adapted, rotated(stateAfter([adapted]), "sec_2", 0)]);
    expect(activeWebhookSecrets(state, now)).toEqual(["sec_2"]);
    expect(secretsOfBucket(state)).toEqual(["sec_2"]);
  });

  test("again and again keeps the newest, and no more than a few", () => {
    const events: BucketEvent[] = [adapted];
    for (let n = 2; n <= 8; n += 1) events.push(rotated(stateAfter(events), `sec_${n}`));
    expect(activeWebhookSecrets(stateAfter(events), now)).toEqual([
      "sec_8",
      "sec_7",
      "sec_6",
      "sec_5",
      "sec_4",
    ]);
  });
});

describe("a retired secret is kept no longer", () => {
  const rotation = rotated(stateAfter([adapted]), "sec_2");
  const replaced = (value: string | null): BucketEvent => ({
    type: "bucket.patched",
    data: {
      media_type: "application/json",
      changes:
        value === null
          ? [{ op: "remove", path: "/source_adapter", was: adapter }]
          : [{ op: "replace", path: "/source_adapter/webhook_secret", value, was: "sec_2" }],
    },
  });

  test.each<[string, BucketEvent, readonly string[]]>([
    ["than the one that replaced it", replaced("sec_3"), ["sec_3"]],
    ["than the adapter", replaced(null), []],
  ])("%s", (_, event, kept) => {
    expect(secretsOfBucket(stateAfter([adapted, rotation, event]))).toEqual(kept);
  });

  test("than its time, once anything else happens", () => {
    const short = rotated(stateAfter([adapted]), "sec_2", 1, now - hourMs);
    const state = stateAfter([adapted, short, { type: "bucket.archived", data: {} }]);
    expect(secretsOfBucket(state)).toEqual(["sec_2"]);
  });

  test("and not shorter either: other changes leave it", () => {
    const state = stateAfter([adapted, rotation, { type: "bucket.archived", data: {} }]);
    expect(secretsOfBucket(state)).toEqual(["sec_2", "sec_1"]);
  });
});
