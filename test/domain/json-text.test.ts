import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toJson } from "../../src/domain/json.js";
import { parseJsonText } from "../../src/domain/json-text.js";
import { acceptedTexts } from "../support/json-test-suite.js";
import { anyJson, canonical, seed } from "./arbitraries.js";
import { refusalOf } from "./refusal.js";

const utf8 = new TextEncoder();

function parse(text: string) {
  return parseJsonText(utf8.encode(text));
}

function refusal(text: string) {
  return refusalOf(() => parse(text));
}

describe("what is not strict JSON is a bad request", () => {
  test.each([
    ["nothing", ""],
    ["white space", " \n"],
    ["an unclosed object", '{"a":1'],
    ["an unclosed string", '{"a'],
    ["a string that ends in a backslash", '"a\\'],
    ["an unknown escape", '"\\x"'],
    ["half an escape", '"\\u12"'],
    ["a raw control character in a string", '"\u0001"'],
    ["a closing bracket too many", "[1]]"],
    ["brackets of two kinds", "[1}"],
    ["a trailing comma", "[1,]"],
    ["a comment", "{} // no"],
    ["single quotes", "{'a':1}"],
    ["a leading zero", "01"],
    ["a lone minus", "-"],
    ["a plus", "+1"],
    ["NaN", "NaN"],
    ["two values", "1 2"],
    ["a byte order mark", "\uFEFF{}"],
  ])("%s", (_, text) => {
    expect(refusal(text).code).toBe("BAD_REQUEST");
  });

  test("a byte order mark is named as the cause", () => {
    expect(refusal("\uFEFF{}").message).toContain("byte order mark");
  });

  test("the message quotes none of the text", () => {
    expect(refusal('{"token": hunter2}').message).not.toContain("hunter2");
  });
});

describe("what is not UTF-8 is a bad request", () => {
  test.each([
    ["a lone continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["an encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a cut character", [0x22, 0xe2, 0x82, 0x22]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])("%s", (_, bytes) => {
    expect(refusalOf(() => parseJsonText(Uint8Array.from(bytes))).code).toBe("BAD_REQUEST");
  });
});

describe("a key that an object has twice is a bad request", () => {
  test.each([
    ["plainly", '{"a":1,"a":1}'],
    ["in a nested object", '{"a":[{"b":1,"c":2,"b":3}]}'],
    ["after a nested object", '{"a":{"a":1},"b":2,"a":3}'],
    ["written with an escape", '{"a":1,"\\u0061":2}'],
    ["written with two escapes", '{"\\u0061":1,"\\u0061":2}'],
    ["__proto__", '{"__proto__":1,"__proto__":2}'],
    ["the empty key", '{"":1,"":2}'],
  ])("%s", (_, text) => {
    const { code, message } = refusal(text);
    expect(code).toBe("BAD_REQUEST");
    expect(message).toContain("same key twice");
  });

  test.each([
    ["the same key in two objects", '[{"a":1},{"a":2}]'],
    ["the same key above and below", '{"a":{"a":1}}'],
    ["the same text as key and value", '{"a":"b","b":"a"}'],
    ["a key with and without quotes in it", '{"a":1,"\\"a\\"":2}'],
    ["keys that differ in their normal form", '{"\\u00e9":1,"e\\u0301":2}'],
  ])("but not %s", (_, text) => {
    expect(canonical(parse(text))).toBe(canonical(JSON.parse(text)));
  });
});

describe("a number that would become another is a bad request", () => {
  test.each([
    "1e400",
    "-1e400",
    "9007199254740993",
    "-9007199254740993",
    "9007199254740993.0",
    "900719925474099.3e1",
    "12345678901234567890",
    "602214076000000000000001",
    "1.00000000000000000000000000001e40",
    `1${"0".repeat(20_000)}1e-19900`,
  ])("%s", (text) => {
    expect(refusal(`{"n":${text}}`).code).toBe("BAD_REQUEST");
  });

  test.each([
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["1e2", 100],
    ["1.0", 1],
    ["0.1", 0.1],
    ["1.5e-7", 1.5e-7],
    // Exactly a double.
    ["9007199254740992", 2 ** 53],
    ["-9007199254740994.00", -9007199254740994],
    ["1e16", 1e16],
    ["10000000000000000000000", 1e22],
    ["1E+22", 1e22],
    [String(2n ** 100n), 2 ** 100],
    [`${"1".padEnd(30_000, "0")}e-29979`, 1e20],
    // What an answer prints of it.
    ["6.02214076e23", 6.02214076e23],
    ["602214076000000000000000", 6.02214076e23],
    ["12345678901234567000", 12345678901234567000],
    ["-1.0e+28", -1e28],
    ["1.7976931348623157e308", Number.MAX_VALUE],
  ])("but %s is taken as it is", (text, value) => {
    expect(parse(`[${text}]`)).toEqual([value]);
  });

  test("but every double can be written back as it was read", () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const text = JSON.stringify([value]);
        expect(JSON.stringify(parse(text))).toBe(text);
      }),
      { seed },
    );
  });

  test("and every integer is kept as it is, or refused", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (value) => {
        const printed = BigInt(JSON.stringify(Number(value)));
        const isKept = BigInt(Number(value)) === value || printed === value;
        if (isKept) expect(parse(`[${value}]`)).toEqual([Number(value)]);
        else expect(refusal(`[${value}]`).code).toBe("BAD_REQUEST");
      }),
      { seed },
    );
  });

  test("digits in a string are no number", () => {
    expect(parse('{"1e400":"9007199254740993"}')).toEqual({ "1e400": "9007199254740993" });
  });

  test("what came as text is made ours without a copy of it", () => {
    const parsed = parse('{"a":[1]}');
    expect(toJson(parsed)).toBe(parsed);
    expect(() => Object.assign(Object(parsed), { a: 2 })).toThrow(TypeError);
  });

  test("minus zero is zero from the first", () => {
    expect(parse('{"a":[-0,-0.0,-0e1]}')).toStrictEqual({ a: [0, 0, 0] });
  });

  test("minus zero is written back as zero", () => {
    expect(JSON.stringify(parse("[-0,-0.0]"))).toBe("[0,0]");
  });
});

describe("a lone surrogate is a bad request", () => {
  test.each(['"\\ud800"', '"\\udc00\\ud800"', '{"\\ud83d":1}', '["a\\udfff"]'])("%s", (text) => {
    expect(refusal(text).code).toBe("BAD_REQUEST");
  });

  test("but a pair of them is a character", () => {
    expect(parse('"\\ud83d\\ude00"')).toBe("😀");
  });

  test("and a null character is data", () => {
    expect(parse('{"\\u0000":"\\u0000"}')).toEqual({ "\u0000": "\u0000" });
  });
});

describe("depth", () => {
  const arrays = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  test("65 levels do not fit", () => {
    expect(refusal(arrays(65)).code).toBe("VALIDATION_FAILED");
    expect(refusal(objects(65)).code).toBe("VALIDATION_FAILED");
  });

  test.each([63, 64])("%i levels fit", (levels) => {
    expect(JSON.stringify(parse(arrays(levels)))).toBe(arrays(levels));
    expect(JSON.stringify(parse(objects(levels)))).toBe(objects(levels));
  });

  test("brackets in strings are no levels", () => {
    expect(parse(JSON.stringify("[{".repeat(100)))).toBe("[{".repeat(100));
  });

  test("a megabyte of brackets is refused, not parsed", () => {
    expect(refusal("[".repeat(1024 * 1024)).code).toBe("VALIDATION_FAILED");
  });
});

describe("a text that fits", () => {
  test("keys that are special to JavaScript are data like any other", () => {
    const text = '{"__proto__":{"x":1},"constructor":{"prototype":2},"":3,"toString":null}';
    const value = parse(text);
    expect(JSON.stringify(value)).toBe(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  test("any JSON value comes back as it was", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonical(parse(JSON.stringify(value)))).toBe(canonical(value));
        expect(canonical(parse(JSON.stringify(value, null, 2)))).toBe(canonical(value));
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

test.each(Object.entries(acceptedTexts))("y_%s of JSONTestSuite is taken", (_, text) => {
  expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
});

describe("an object with very many keys is refused before anything is made of it", () => {
  const keys = (count: number) =>
    `{"a":{${Array.from({ length: count }, (_, key) => `"k${key}":1`).join()}}`;

  test("also where what follows is no JSON: nothing was read behind the last key", () => {
    const { code, details } = refusal(`${keys(10_001)} no JSON`);
    expect(code).toBe("VALIDATION_FAILED");
    expect(details["validation_errors"]).toMatchObject([{ type: "too_many_keys" }]);
  });

  test("one that keeps the limit is read", () => {
    expect(parse(`${keys(10_000)}}`)).toHaveProperty("a.k9999", 1);
  });
});
