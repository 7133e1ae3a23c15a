import { describe, expect, it } from "vitest";
import { BucketsError, isBucketsError, validationFailed } from "../../src/domain/errors.js";

describe("An error", () => {
  const error = new BucketsError(
    "NOT_FOUND",
    "No such bucket.",
    { identifier: "a" },
    new Error("x"),
  );

  it("is plain data as JSON, without what caused it", () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "BucketsError",
      code: "NOT_FOUND",
      message: "No such bucket.",
      details: { identifier: "a" },
    });
  });

  it("of a body counts its faults, and claims no number where the search for them ended early", () => {
    const issues = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        type: "x",
        location: [at],
        message: "Mend it.",
      }));
    const told = (count: number) => validationFailed(issues(count)).message;
    expect(told(1)).toMatch(/Mend it\.$/);
    expect(told(100)).toContain("(and 99 more)");
    expect(told(101)).toContain("(and at least 100 more)");
    expect(validationFailed(issues(100), 38_000).message).toContain("(and 37999 more)");
    expect(validationFailed(issues(101)).details["validation_errors"]).toHaveLength(100);
  });

  it("comes back from another thread with its code, sent as data", () => {
    expect(isBucketsError(structuredClone(error))).toBe(false);
    const back = BucketsError.fromJSON(structuredClone(error.toJSON()));
    expect(isBucketsError(back)).toBe(true);
    expect(back).toMatchObject({ code: "NOT_FOUND", details: { identifier: "a" } });
  });
});
