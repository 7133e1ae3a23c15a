import { expect, test } from "vitest";
import { auditedTypes, toAuditEvent } from "../../src/domain/audit.js";
import { AuditEvent } from "../../src/domain/audit-event.js";
import { knownAction, knownResourceType } from "../../src/domain/audit-names.js";
import { DomainEvent } from "../../src/domain/event.js";
import { bucketId, created, locked, plainDocument, record, unlocked } from "./specification.js";

const allTypes = DomainEvent.options.map((option) => option.shape.type.value);

test("what is not kept here has no types", () => {
  expect(auditedTypes({ resourceType: "collection" })).toEqual([]);
  expect(auditedTypes({ action: "bucket_upd" })).toEqual([]);
  expect(auditedTypes({ resourceType: "bucket", action: "toString" })).toEqual([]);
});

test("the action of an event finds its type again, and the type of its resource all of them", () => {
  expect(auditedTypes({})).toEqual(allTypes);
  for (const resourceType of ["bucket", "object", "batch", "upload"]) {
    const own = allTypes.filter((type) => type.startsWith(`${resourceType}.`));
    expect(auditedTypes({ resourceType })).toEqual(own);
  }
  for (const event of [created(plainDocument), locked(undefined), unlocked]) {
    const { action } = toAuditEvent(record(event, 1));
    expect(auditedTypes({ action })).toEqual([event.type]);
  }
  expect(auditedTypes({ action: "bucket_updated" })).toEqual(["bucket.patched"]);
  expect(auditedTypes({ action: "bucket_deleted" })).toEqual(["bucket.deleted"]);
  expect(auditedTypes({ action: "object_updated" })).toEqual(["object.patched"]);
  expect(auditedTypes({ resourceType: knownResourceType("token") })).toEqual([
    "token.created",
    "token.rotated",
    "token.revoked",
  ]);
  for (const action of ["api_key_revoked", "token_revoked"]) {
    expect(auditedTypes({ action: knownAction(action) })).toEqual(["token.revoked"]);
  }
});

test("an event is shown in the hosted shape with its namespace, without what it does not have", () => {
  const recorded = record(unlocked, 3);
  const shown = toAuditEvent(recorded);
  expect(AuditEvent.parse(shown)).toStrictEqual(shown);
  expect(shown).toStrictEqual({
    audit_id: "evt_3",
    timestamp: "2026-10-01T00:02:00.000Z",
    resource_type: "bucket",
    resource_id: bucketId,
    namespace_id: "default",
    action: "bucket_unlocked",
    actor_id: "ada",
    actor_type: "api_key",
    status: "success",
    changes: [],
  });
  const meta = { ...recorded.meta, remote_address: "::1", user_agent: "curl" };
  expect(toAuditEvent({ ...recorded, meta })).toMatchObject({
    ip_address: "::1",
    user_agent: "curl",
  });
});

test("its changes show no reference to a secret", () => {
  const event = created({
    ...plainDocument,
    source_adapter: { adapter_type: "mux", enabled: true, webhook_secret: "sec_hook" },
  });
  const shown = JSON.stringify(toAuditEvent(record(event, 1)));
  expect(shown).not.toContain("sec_");
  expect(shown).toContain("********");
});
