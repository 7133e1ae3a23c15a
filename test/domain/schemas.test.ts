import { describe, expect, test } from "vitest";
import { z } from "zod";
import { limits } from "../../src/domain/limits.js";
import { jsonObject, parseBody, parseQuery, timestamp } from "../../src/domain/schemas.js";
import { refusalOf } from "./refusal.js";

describe("timestamp", () => {
  test.each([
    "2026-02-30T00:00:00Z",
    "2026-10-01T00:00:00",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    "tomorrow",
    "2026-02-30",
    "2026-10",
    "10000-01-01",
    1,
    null,
  ])("%j does not fit", (input) => {
    expect(timestamp.safeParse(input).success).toBe(false);
  });

  test("is brought to UTC with milliseconds, however it is spelt", () => {
    for (const text of ["2026-10-01T02:00:00+02:00", "2026-10-01t00:00:00z", "2026-10-01"]) {
      expect(timestamp.parse(text)).toBe("2026-10-01T00:00:00.000Z");
    }
  });
});

describe("parseBody", () => {
  const Body = z.object({ name: z.string(), limit: z.number().optional() });

  test("names every fault with its place", () => {
    const { code, details } = refusalOf(() => parseBody(Body, { limit: "1" }, ["filter"]));
    expect(code).toBe("VALIDATION_FAILED");
    expect(details).toMatchObject({
      validation_errors: [
        { location: ["body", "filter", "name"], type: "invalid_type" },
        { location: ["body", "filter", "limit"], type: "invalid_type" },
      ],
    });
  });

  test("of very many faults it names the first", () => {
    const faults = Array.from({ length: limits.validationIssuesMax + 1 }, () => 1);
    const { details, message } = refusalOf(() => parseBody(z.array(z.string()), faults));
    expect(details["validation_errors"]).toHaveLength(limits.validationIssuesMax);
    expect(message).toContain(`and at least ${limits.validationIssuesMax} more`);
  });

  test("gives what fits", () => {
    expect(parseBody(Body, { name: "a" })).toEqual({ name: "a" });
  });
});

test("parseQuery makes a bad request of what does not fit", () => {
  const { code, details } = refusalOf(() => parseQuery(z.object({ limit: z.number() }), {}));
  expect(code).toBe("BAD_REQUEST");
  expect(details).toMatchObject({ validation_errors: [{ location: ["query", "limit"] }] });
});

test("jsonObject keeps keys that are special to JavaScript", () => {
  const text = '{"__proto__":{"a":1},"constructor":2}';
  const parsed = z.object({ metadata: jsonObject }).parse({ metadata: JSON.parse(text) });
  expect(JSON.stringify(parsed.metadata)).toBe(text);
});
