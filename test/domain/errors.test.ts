import { describe, expect, it } from "vitest";
import { BucketsError, isBucketsError } from "../../src/domain/errors.js";

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

  it("comes back from another thread with its code, sent as data", () => {
    expect(isBucketsError(structuredClone(error))).toBe(false);
    const back = BucketsError.fromJSON(structuredClone(error.toJSON()));
    expect(isBucketsError(back)).toBe(true);
    expect(back).toMatchObject({ code: "NOT_FOUND", details: { identifier: "a" } });
  });
});
