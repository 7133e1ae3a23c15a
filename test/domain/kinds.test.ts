import { expect, test } from "vitest";
import { DomainEvent } from "../../src/domain/event.js";
import {
  changesOf,
  kindNamed,
  kindOfStream,
  memberKinds,
  memberNamed,
  resourceKinds,
  shownChanges,
} from "../../src/domain/resource.js";

const kinds = resourceKinds.map((name) => kindNamed(name));

test("an id that begins like that of no kind is of none", () => {
  for (const id of ["", "bkt", "bkt-1", "bucket_1", "tsk_1", "_bkt_1"]) {
    expect(kindOfStream(id), id).toBeUndefined();
  }
});

test("each kind is known by the prefix of its ids, which no other has", () => {
  for (const { name, prefix } of kinds) expect(kindOfStream(`${prefix}01`)).toBe(name);
  expect(new Set(kinds.map(({ prefix }) => prefix)).size).toBe(kinds.length);
});

test("no two kinds have a command of the same type", () => {
  const types = kinds.flatMap(({ commands }) => Object.keys(commands));
  expect(new Set(types).size).toBe(types.length);
});

test("the type of every event begins with the name of its kind", () => {
  const begins = DomainEvent.options.map(({ shape }) => shape.type.value.split(".")[0]);
  expect(new Set(begins)).toStrictEqual(new Set(resourceKinds));
});

test("every list searches, and takes from the state, fields that its answers have", () => {
  for (const { listing } of memberKinds.map((name) => memberNamed(name))) {
    const { catalog, searched, stored } = listing;
    expect(catalog.names).toStrictEqual(expect.arrayContaining([...searched, ...catalog.times]));
    if (catalog.isOpen !== true) expect(stored("no_such_field")).toBeUndefined();
    // A user may call a field what every JavaScript object has.
    expect(stored("constructor")?.[0] ?? "document").toBe("document");
  }
});

test("no two kinds share a table, or what their ids are called", () => {
  const tables = kinds.map(({ table }) => table);
  expect(new Set(tables.map(({ name }) => name)).size).toBe(kinds.length);
  expect(new Set(tables.map(({ id }) => id)).size).toBe(kinds.length);
});

test("what history shows of secrets is a mask, whatever kind has them", () => {
  const credentials = { token: "sec_1" };
  const inBucket = { type: "youtube", connection: { credentials } };
  const shown = [
    DomainEvent.parse({
      type: "bucket.created",
      data: { changes: [{ op: "add", path: "/source_adapter", value: inBucket }] },
    }),
    DomainEvent.parse({
      type: "connection.created",
      data: { changes: [{ op: "add", path: "/credentials", value: credentials }] },
    }),
    DomainEvent.parse({
      type: "namespace.patched",
      data: {
        changes: [{ op: "add", path: "/infrastructure", value: { qdrant_api_key: "sec_1" } }],
      },
    }),
  ];
  for (const event of shown) {
    expect(JSON.stringify(changesOf(event))).toContain("sec_1");
    expect(JSON.stringify(shownChanges(event))).not.toContain("sec_1");
  }
});
