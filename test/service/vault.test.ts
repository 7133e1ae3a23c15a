/** Unit: src/service/vault.ts. */
import { statSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { ephemeralKey, keyFromFile, parseSecretKey, Vault } from "../../src/service/vault.js";
import { temporaryFile } from "../support/server.js";

const refused = expect.objectContaining({ code: "SECRET_KEY_INVALID" });

describe("parseSecretKey", () => {
  it.each(["", "short", "0".repeat(63), "0".repeat(66), Buffer.alloc(31).toString("base64")])(
    "refuses %j",
    (text) => {
      expect(() => parseSecretKey(text, "The key")).toThrow(refused);
    },
  );

  it("reads 32 bytes as hex or as base64", () => {
    const key = Buffer.from(ephemeralKey());
    expect(parseSecretKey(`${key.toString("hex")}\n`, "The key")).toEqual(key);
    expect(parseSecretKey(key.toString("base64"), "The key")).toEqual(key);
  });
});

describe("The key file", () => {
  it("that holds no key is refused and left alone", () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    writeFileSync(file, "mine");
    expect(() => keyFromFile(file)).toThrow(refused);
  });

  it("is made once, for its owner alone", () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    const key = keyFromFile(file);
    expect(keyFromFile(file)).toEqual(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe("The vault", () => {
  const key = ephemeralKey();
  const vault = new Vault(() => key);

  it("opens nothing with another key, under another reference, or after a change", () => {
    const sealed = vault.seal("sec_1", "secret");
    const changed = Buffer.from(sealed.ciphertext);
    changed[0] = (changed[0] ?? 0) ^ 1;
    const otherKey = ephemeralKey();
    const other = new Vault(() => otherKey);
    expect(() => other.open(sealed)).toThrow(refused);
    expect(() => vault.open({ ...sealed, reference: "sec_2" })).toThrow(refused);
    expect(() => vault.open({ ...sealed, ciphertext: changed })).toThrow(refused);
  });

  it("seals the same value differently each time, and gives back any JSON", () => {
    for (const value of ["secret", 42, ["a", { b: null }], false]) {
      const [one, two] = [vault.seal("sec_1", value), vault.seal("sec_1", value)];
      expect(Buffer.from(one.ciphertext)).not.toEqual(Buffer.from(two.ciphertext));
      expect([vault.open(one), vault.open(two)]).toEqual([value, value]);
    }
  });

  it("asks for its key on first use only", () => {
    let asked = 0;
    const lazy = new Vault(() => {
      asked += 1;
      return key;
    });
    expect(asked).toBe(0);
    lazy.open(lazy.seal("sec_1", "secret"));
    expect(asked).toBe(1);
  });
});
