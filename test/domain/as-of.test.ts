import { describe, expect, test } from "vitest";
import { parsePoint } from "../../src/domain/as-of.js";
import { refusalOf } from "./refusal.js";

describe("what is no point in time is a bad request", () => {
  test.each([
    "",
    " ",
    "0",
    "-1",
    "+1",
    "1.5",
    "1.0",
    "abc",
    "1e3",
    "01",
    "0x10",
    " 7",
    "7 ",
    "7\n",
    "٧",
    "Infinity",
    "9007199254740992",
    "9007199254740993",
    "99999999999999999999",
    "@",
    "@0",
    "@-1",
    "@1.5",
    "@01",
    "@1e3",
    "@@1",
    "@9007199254740993",
    "now",
    "2026-02-30",
    "2026-10-1",
    "2026-10-01Z",
    "2026-10",
    "2026-10-01T00:00:00",
    "2026-10-01T00:00:00.123",
    "2026-10-01T00:00Z",
    "2026-10-01 00:00:00Z",
    "2026-10-01T00:00:00+0200",
    "2026-10-01T00:00:00+02",
    "2026-10-01T00:00:00+24:00",
    "2026-10-01T00:00:00+02:60",
    "2026-10-01T24:00:00Z",
    "2026-10-01T00:60:00Z",
    "2026-10-01T00:00:60Z",
    "2026-10-01T00:00:00.Z",
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "26-01-01T00:00:00Z",
    "+012026-01-01T00:00:00Z",
    "2026-10-01T00:00:00Z,2027-10-01T00:00:00Z",
  ])("%j", (text) => {
    const { code, message } = refusalOf(() => parsePoint(text));
    expect(code).toBe("BAD_REQUEST");
    expect(message).toContain("as_of=");
  });

  test("whose plus sign was not encoded in a query is told so", () => {
    for (const text of ["2026-10-01T00:00:00 02:00", "2026-10-01t00:00:00.5 00:00"]) {
      expect(refusalOf(() => parsePoint(text, "to")).message).toMatch(/^to=.* %2B\.$/);
    }
  });

  test("the message names the parameter", () => {
    expect(refusalOf(() => parsePoint("0", "from")).message).toContain("from=0");
  });
});

test.each([
  ["1", 1],
  ["7", 7],
  ["10", 10],
  ["9007199254740991", 9007199254740991],
])("%s is a version", (text, version) => {
  expect(parsePoint(text)).toEqual({ kind: "version", version });
});

test.each([
  ["@1", 1],
  ["@1234", 1234],
  ["@9007199254740991", 9007199254740991],
])("%s is a position", (text, position) => {
  expect(parsePoint(text)).toEqual({ kind: "position", position });
});

test.each([
  ["2026-10-01T00:00:00Z", "2026-10-01T00:00:00.000Z"],
  ["2026-10-01T00:00:00.1Z", "2026-10-01T00:00:00.100Z"],
  ["2026-10-01T00:00:00.123999Z", "2026-10-01T00:00:00.123Z"],
  ["2026-10-01T02:00:00+02:00", "2026-10-01T00:00:00.000Z"],
  ["2026-09-30T18:30:00-05:30", "2026-10-01T00:00:00.000Z"],
  ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
  ["2026-10-01t00:00:00z", "2026-10-01T00:00:00.000Z"],
  ["2026-10-01t02:00:00.5+02:00", "2026-10-01T00:00:00.500Z"],
  ["1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"],
  ["2026-10-01", "2026-10-01T00:00:00.000Z"],
])("%s is a time", (text, utc) => {
  expect(parsePoint(text)).toEqual({ kind: "time", time: Date.parse(utc) });
});
