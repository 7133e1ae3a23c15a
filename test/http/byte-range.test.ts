/** Unit: src/http/byte-range.ts and src/http/disposition.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseByteRange, rangeStillHolds } from "../../src/http/byte-range.js";
import { attachment, safeMediaType } from "../../src/http/disposition.js";

describe("parseByteRange", () => {
  it.each([
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=5-2",
    "bytes=1.5-2",
    "bytes=-1-2",
    "bytes 0-1",
    "items=0-1",
    "bytes=0-1,3-4",
    "bytes=0-1, bytes=3-4",
  ])("answers %j with the whole", (header) => {
    expect(parseByteRange(header, 10)).toBe("whole");
  });

  it.each(["bytes=10-", "bytes=10-20", "bytes=-0", `bytes=${"9".repeat(400)}-`])(
    "cannot satisfy %j of ten bytes",
    (header) => {
      expect(parseByteRange(header, 10)).toBe("unsatisfiable");
    },
  );

  it.each([
    ["bytes=0-0", 0, 0],
    ["bytes=0-9", 0, 9],
    ["bytes=0-", 0, 9],
    ["bytes=9-", 9, 9],
    ["bytes=3-5", 3, 5],
    ["bytes=3-99", 3, 9],
    [`bytes=3-${"9".repeat(400)}`, 3, 9],
    ["bytes=-1", 9, 9],
    ["bytes=-10", 0, 9],
    ["bytes=-99", 0, 9],
    ["Bytes= 3-5 ", 3, 5],
  ])("reads %j of ten bytes", (header, start, end) => {
    expect(parseByteRange(header, 10)).toEqual({ start, end });
  });

  it.each(["bytes=0-", "bytes=-1", "bytes=-0"])(
    "answers %j of no bytes with the whole",
    (header) => {
      expect(parseByteRange(header, 0)).toBe("whole");
    },
  );

  it("never reaches beyond the content, whatever the header", () => {
    const number = fc.option(fc.nat({ max: 30 }), { nil: "" });
    fc.assert(
      fc.property(number, number, fc.nat({ max: 20 }), (first, last, size) => {
        const range = parseByteRange(`bytes=${first}-${last}`, size);
        if (typeof range === "string") return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(size);
      }),
      { seed: 20_261_001 },
    );
  });
});

describe("rangeStillHolds", () => {
  it.each(['W/"abc"', '"other"', "abc", "", '"abc", "abc"', "Thu, 01 Oct 2026 12:00:00 GMT"])(
    "is false under If-Range %j",
    (header) => {
      expect(rangeStillHolds(header, "abc")).toBe(false);
    },
  );

  it.each([undefined, '"abc"'])("is true under If-Range %j", (header) => {
    expect(rangeStillHolds(header, "abc")).toBe(true);
  });
});

describe("attachment", () => {
  it.each([
    [undefined, "attachment"],
    ["", "attachment"],
    ["clip.mp4", 'attachment; filename="clip.mp4"'],
    ["a b;c=d.mp4", 'attachment; filename="a b;c=d.mp4"'],
    ["../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'],
    ["..\\x", 'attachment; filename=".._x"'],
    ["a\r\nSet-Cookie: b", 'attachment; filename="a__Set-Cookie: b"'],
    ['a"; x="', "attachment; filename=\"a_; x=_\"; filename*=UTF-8''a%22%3B%20x%3D%22"],
    ["50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"],
    [
      "naïve (1)*'.txt",
      "attachment; filename=\"na_ve (1)*'.txt\"; filename*=UTF-8''na%C3%AFve%20%281%29%2A%27.txt",
    ],
    ["\u{1f600}", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"],
    ["\ud83d", "attachment; filename=\"_\"; filename*=UTF-8''%EF%BF%BD"],
    ["a\u202egpj.exe", 'attachment; filename="a_gpj.exe"'],
  ])("of %j is %s", (filename, header) => {
    expect(attachment(filename)).toBe(header);
  });

  it("is a header for every name there is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (filename) => {
        expect(attachment(filename)).toMatch(
          /^attachment(; filename="[^"\\\r\n]*"(; filename\*=UTF-8''[\w%!~.-]+)?)?$/,
        );
      }),
      { seed: 20_261_001 },
    );
  });
});

describe("safeMediaType", () => {
  it.each([
    undefined,
    "",
    "text",
    "text/",
    "/html",
    "text/html/x",
    "text/html\r\nX: y",
    "*/*",
    "a b/c",
    `${"a".repeat(200)}/b`,
  ])("does not pass on %j", (declared) => {
    expect(safeMediaType(declared)).toBe("application/octet-stream");
  });

  it.each([
    ["video/mp4", "video/mp4"],
    ["image/svg+xml", "image/svg+xml"],
    ["application/vnd.ms-excel", "application/vnd.ms-excel"],
    ["text/plain; charset=utf-8", "text/plain; charset=utf-8"],
    ["text/plain;x=y\r\nA: b; charset=utf-8", "text/plain; charset=utf-8"],
  ])("passes on %j as %j", (declared, sent) => {
    expect(safeMediaType(declared)).toBe(sent);
  });
});
