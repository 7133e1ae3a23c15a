/** The CSV of a history is read back by a reader that knows RFC 4180 and nothing of ours. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../src/domain/change.js";
import { csvHeader, toCsvRows } from "../../src/domain/history-csv.js";
import type { HistoryEntry } from "../../src/domain/history-entry.js";
import { anyJson, seed } from "./arbitraries.js";

/** Every record of a CSV text, each a list of cells. @throws for what RFC 4180 does not allow. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null) throw new Error(`no cell at ${at} of ${JSON.stringify(text)}`);
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === ",") continue;
    records.push(record);
    record = [];
  }
  return records;
}

/** One apostrophe before each formula is taken off. */
function takeOff(cell: string): string {
  return cell.replace(
    /^'(?='*[=+\-@\t\r\n＝＋－＠])|(?<=;)'(?=['"]*[=+\-@\t\r\n＝＋－＠])|(?<=[\t\r\n])'(?=['"]*[=+\-@＝＋－＠])/g,
    "",
  );
}

/** The rows by the names of the header, as they were before they were made inert. */
function readRows(text: string): Record<string, string>[] {
  const [names = [], ...records] = readCsv(csvHeader + text);
  return records.map((record) => {
    expect(record).toHaveLength(names.length);
    return Object.fromEntries(record.map((cell, index) => [names[index], takeOff(cell)]));
  });
}

const entry: HistoryEntry = {
  event_id: "evt_1",
  bucket_id: "bkt_1",
  version: 2,
  position: 3,
  type: "bucket.patched",
  recorded_at: "2026-10-01T00:00:00.000Z",
  actor: "ana",
  request_id: "req_1",
  changes: [],
  previous_hash: "0".repeat(64),
  hash: "f".repeat(64),
};

const place = { namespace: "default", bucket_name: "films" };

test("a cell that a spreadsheet would run is made inert", () => {
  for (const reason of ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "\n1", "＝1", "'=1"]) {
    const [record = []] = readCsv(toCsvRows({ ...entry, reason }, place));
    expect(record).toContain(`'${reason}`);
  }
});

test.for([
  ["a;=1+1", "a;'=1+1"],
  [";-1;+1;@x", ";'-1;'+1;'@x"],
  ["a;\t=1", "a;'\t'=1"],
  ["a;\r1", "a;'\r1"],
  ['a;"=1', `a;'"=1`],
  ["a;'=1", "a;''=1"],
  ["a\r\n=1", "a\r\n'=1"],
  ["a; b;c=1", "a; b;c=1"],
])("%j is inert where semicolons separate the cells: %j", ([reason = "", inert]) => {
  const text = toCsvRows({ ...entry, reason }, place);
  expect(readCsv(text)[0]).toContain(inert);
  expect(readRows(text)).toMatchObject([{ reason }]);
});

test("a row names the namespace and the bucket, whose name may begin a formula as well", () => {
  const rows = readRows(toCsvRows(entry, { namespace: "default", bucket_name: "=films" }));
  expect(rows).toMatchObject([{ namespace: "default", bucket_name: "=films", bucket_id: "bkt_1" }]);
});

test("what is shown instead of a text is made inert, and not the text", () => {
  const shown = (text: string) => text.replaceAll("\t", "\\t");
  const [record = []] = readCsv(toCsvRows({ ...entry, reason: "\t=1" }, place, shown));
  expect(record).toContain("\\t=1");
});

test("a negative number is text too, for a formula begins alike", () => {
  const changes = [{ op: "replace" as const, path: "/metadata/n", value: -5, was: 5 }];
  expect(toCsvRows({ ...entry, changes }, place)).toContain(",/metadata/n,'-5,5,");
});

test("an event without changes is one row, and one with several is several", () => {
  expect(readRows(toCsvRows(entry, place))).toMatchObject([{ version: "2", actor: "ana", op: "" }]);
  const changes: Change[] = [
    { op: "add", path: "/metadata/team", value: "growth" },
    { op: "remove", path: "/description", was: 'said "so", twice' },
  ];
  const rows = readRows(toCsvRows({ ...entry, reason: "line\r\nbreak", changes }, place));
  expect(rows).toMatchObject([
    { reason: "line\r\nbreak", op: "add", path: "/metadata/team", value: '"growth"', was: "" },
    { op: "remove", path: "/description", value: "", was: String.raw`"said \"so\", twice"` },
  ]);
});

const awkward = fc
  .tuple(
    fc.constantFrom("", "'", "''", "=", "+", "-", "@", "\t", "\r", "\n", '"', ","),
    fc.string(),
    fc.array(fc.constantFrom(..."=+-@;;\t\r\n'\",a"), { maxLength: 6 }),
  )
  .map(([first, middle, rest]) => first + middle + rest.join(""));

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ op: fc.constant("add" as const), path: awkward, value: anyJson }),
  fc.record({ op: fc.constant("remove" as const), path: awkward, was: anyJson }),
  fc.record({ op: fc.constant("replace" as const), path: awkward, value: anyJson, was: anyJson }),
);

test("whatever is recorded is read back as it was, and no cell begins a formula", () => {
  const changes = fc.array(anyChange, { maxLength: 4 });
  fc.assert(
    fc.property(awkward, awkward, awkward, changes, (actor, reason, key, made) => {
      const text = toCsvRows(
        { ...entry, actor, reason, idempotency_key: key, changes: made },
        { ...place, bucket_name: key },
      );
      for (const cell of readCsv(text).flat()) {
        expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]|;"*[=+\-@\t\r\n＝＋－＠]/);
      }
      // To a reader whose separator is another one, quotes that do not begin a cell are text.
      for (const part of text.split(/[;\t\r\n]/)) expect(part).not.toMatch(/^"*[=+\-@＝＋－＠]/);
      const rows = readRows(text);
      expect(rows).toHaveLength(Math.max(made.length, 1));
      for (const [index, row] of rows.entries()) {
        const change = made[index];
        expect(row).toMatchObject({ actor, reason, idempotency_key: key, hash: entry.hash });
        expect(row["path"]).toBe(change?.path ?? "");
        for (const name of ["value", "was"] as const) {
          const had = change !== undefined && name in change;
          expect(row[name]).toBe(had ? JSON.stringify(Object(change)[name]) : "");
        }
      }
    }),
    { seed },
  );
});
