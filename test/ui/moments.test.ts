/** Moments as people write them, as the API takes them. */
import { expect, test } from "vitest";
import { parseMoment } from "../../src/ui/show/moments.js";

const now = Date.parse("2026-10-12T12:00:00.000Z");
const local = (text: string) => new Date(text).toISOString();

test.each(["", "whenever", "@0", "0", "-3", "v", "2 parsecs ago", "now-ish", "@12x"])(
  "%j is no moment",
  (text) => {
    expect(parseMoment(text, now)).toBeUndefined();
  },
);

test.each([
  ["12", "12"],
  [" v12 ", "12"],
  ["@1234", "@1234"],
  ["2 h ago", "2026-10-12T10:00:00.000Z"],
  ["90m", "2026-10-12T10:30:00.000Z"],
  ["30 min ago", "2026-10-12T11:30:00.000Z"],
  ["3 days ago", "2026-10-09T12:00:00.000Z"],
  ["1w", "2026-10-05T12:00:00.000Z"],
  ["2026-05-03T14:05:00Z", "2026-05-03T14:05:00.000Z"],
  ["3 May 14:05", local("3 May 2026 14:05")],
  ["3 May", local("3 May 2026")],
  ["24 Dec 09:30", local("24 Dec 2025 09:30")],
  ["3 May 2025", local("3 May 2025")],
])("%j is %s", (text, expected) => {
  expect(parseMoment(text, now)).toBe(expected);
});
