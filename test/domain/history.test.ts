import { describe, expect, test } from "vitest";
import { HistoryEntry, toHistoryEntry } from "../../src/domain/history-entry.js";
import { kindNamed, resourceKinds } from "../../src/domain/resource.js";
import { bucketId, created, locked, plainDocument, record, unlocked } from "./specification.js";

const hashes = { previousHash: "0".repeat(64), hash: "a".repeat(64) };

test("an entry leaves out what its event does not have", () => {
  expect(toHistoryEntry(record(unlocked, 3), hashes)).toStrictEqual({
    event_id: "evt_3",
    bucket_id: bucketId,
    version: 3,
    position: 3,
    type: "bucket.unlocked",
    recorded_at: "2026-10-01T00:02:00.000Z",
    actor: "ada",
    request_id: "req_3",
    changes: [],
    previous_hash: hashes.previousHash,
    hash: hashes.hash,
  });
});

test("an entry shows why, by which key and in which transaction", () => {
  const recorded = record(locked("2026-10-01T02:00:00.000Z"), 2);
  const entry = toHistoryEntry(
    {
      ...recorded,
      transactionId: "txn_1",
      meta: { ...recorded.meta, reason: "audit", idempotency_key: "key" },
    },
    hashes,
  );
  expect(HistoryEntry.parse(entry)).toMatchObject({
    reason: "audit",
    idempotency_key: "key",
    transaction_id: "txn_1",
    expires_at: "2026-10-01T02:00:00.000Z",
  });
});

describe("the changes of an entry", () => {
  test("are those of its event, with the media type of a patch", () => {
    const changes = [{ op: "remove" as const, path: "/description", was: "d" }];
    const event = {
      type: "bucket.patched" as const,
      data: { media_type: "application/merge-patch+json" as const, changes },
    };
    expect(toHistoryEntry(record(event, 2), hashes)).toMatchObject({
      media_type: "application/merge-patch+json",
      changes,
    });
  });

  test("show no reference to a secret", () => {
    const event = created({
      ...plainDocument,
      source_adapter: { adapter_type: "mux", enabled: true, webhook_secret: "sec_hook" },
    });
    expect(JSON.stringify(toHistoryEntry(record(event, 1), hashes))).not.toContain("sec_");
  });
});

test("an entry can name what it is about, whatever kind that is of", () => {
  for (const kind of resourceKinds) {
    const { prefix, table } = kindNamed(kind);
    const recorded = { ...record(unlocked, 3), stream: `${prefix}01` };
    const entry = { ...toHistoryEntry(recorded, hashes), extra: "is not shown" };
    const id = kind === "bucket" ? bucketId : `${prefix}01`;
    expect(HistoryEntry.parse(entry)).toHaveProperty(table.id, id);
    expect(HistoryEntry.parse(entry)).not.toHaveProperty("extra");
  }
});
