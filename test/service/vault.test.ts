/** Unit: src/service/keys/vault.ts. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeKeyFile, readKeyFile } from "../../src/service/keys/key-file.js";
import { ephemeralKey, keyIdOf, parseSecretKey, Vault } from "../../src/service/keys/vault.js";
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
  const place = () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    return file;
  };

  it.each(["mine", "", "\0".repeat(32)])("that holds %j is refused and left alone", (text) => {
    const file = place();
    writeFileSync(file, text);
    expect(() => readKeyFile(file)).toThrow(refused);
    expect(() => makeKeyFile(file)).toThrow("is there");
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("that is a folder is told as one", () => {
    const file = place();
    mkdirSync(file);
    const message = expect.stringMatching(/cannot be read: it is a folder\.$/);
    expect(() => readKeyFile(file)).toThrow(
      expect.objectContaining({ code: "FILE_INVALID", message }),
    );
  });

  it("is made once, for its owner alone, and not by reading", () => {
    const file = place();
    expect(readKeyFile(file)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
    const key = makeKeyFile(file);
    expect(readKeyFile(file)).toEqual(key);
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

  it("says which key it seals with, and not the key", () => {
    const { keyId } = vault.seal("sec_1", "secret");
    expect(keyId).toBe(keyIdOf(key));
    expect(keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(Buffer.from(key).toString("hex")).not.toContain(keyId);
    expect(keyIdOf(ephemeralKey())).not.toBe(keyId);
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
