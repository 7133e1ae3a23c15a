/** Unit: src/service/read/cursor.ts. */
import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "../../src/service/read/cursor.js";

const refused = expect.objectContaining({ code: "BAD_REQUEST" });

function forge(scope: string, text: string): string {
  const checksum = hash("sha256", `${scope}\n${text}`).slice(0, 12);
  return Buffer.from(`${checksum}${text}`).toString("base64url");
}

describe("decodeCursor", () => {
  it.each(["", "x", "not base64 at all!", "…", "A".repeat(5_000)])("refuses %j", (cursor) => {
    expect(() => decodeCursor("list", z.number(), cursor)).toThrow(refused);
  });

  it("refuses a cursor of another list, or one that was cut or changed", () => {
    const cursor = encodeCursor("list", 7);
    const changed = Buffer.from(cursor, "base64url");
    changed[changed.length - 1] = 0x38;
    expect(() => decodeCursor("other", z.number(), cursor)).toThrow(refused);
    expect(() => decodeCursor("list", z.number(), cursor.slice(0, -2))).toThrow(refused);
    expect(() => decodeCursor("list", z.number(), changed.toString("base64url"))).toThrow(refused);
  });

  it.each(["", "{", "undefined", '"7"', "1.5", "null"])(
    "refuses %j although its checksum is right: that is no secret",
    (text) => {
      expect(() => decodeCursor("list", z.number().int(), forge("list", text))).toThrow(refused);
    },
  );

  it("gives back what was encoded, and is safe in a URL", () => {
    const place = { createdAt: "2026-10-01T12:00:00.000Z", bucketId: "ü/+?" };
    const cursor = encodeCursor("list", place);
    expect(cursor).toMatch(/^[\w-]+$/);
    const Place = z.object({ createdAt: z.string(), bucketId: z.string() });
    expect(decodeCursor("list", Place, cursor)).toEqual(place);
  });
});
