/**
 * Goal: a policy as C2SP tlog-policy describes it, and nothing else, says whose signatures are enough.
 * Method: its own example, with witnesses that sign as C2SP tlog-cosignature says, by Node alone.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { noteSigner, signNote } from "../../src/proofs/note.js";
import { assertQuorum, parsePolicy } from "../../src/proofs/policy.js";

const log = noteSigner("example.com/log", new Uint8Array(32).fill(1));
const text = `example.com/log\n3\n${Buffer.alloc(32).toString("base64")}\n`;
const note = signNote(text, [log]);

interface Witness {
  readonly name: string;
  readonly vkey: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

function witness(name: string): Witness {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(4), raw]);
  const id = createHash("sha256").update(`${name}\n`).update(typed).digest().subarray(0, 4);
  const vkey = `${name}+${id.toString("hex")}+${typed.toString("base64")}`;
  return { name, vkey, id, key: privateKey };
}

interface Told {
  readonly time?: bigint;
  /** The time that stands in the note, where it is another than the one that was signed. */
  readonly told?: bigint;
  readonly over?: string;
}

function cosigned(
  by: readonly Witness[],
  { time = 1_679_315_147n, told, over = text }: Told = {},
): string {
  const lines = by.map(({ name, id, key }) => {
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(told ?? time);
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${over}`), key);
    return `\u2014 ${name} ${Buffer.concat([id, stamp, signature]).toString("base64")}\n`;
  });
  return note + lines.join("");
}

const names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"];
const witnesses = names.map((name) => witness(`${name}.example`));
const [x1, x2, x3, y1] = witnesses;
if (!x1 || !x2 || !x3 || !y1) throw new Error("six witnesses");

/** The example of the specification. */
const example = `# who is trusted
log ${log.verifier.vkey}

${witnesses.map(({ vkey }, at) => `\twitness ${names[at]} ${vkey} https://w.example/`).join("\n")}

group X-witnesses 2 X1 X2 X3
group  Y-witnesses\tany Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
  quorum X-and-Y
`;

describe("the example of the specification", () => {
  test.each([
    ["two of the one group and one of the other", [x1, x3, y1], true],
    ["all there are", witnesses, true],
    ["one of each group", [x1, y1], false],
    ["two of one group alone", [x1, x2], false],
    ["one that signed twice", [x1, x1, y1], false],
    ["nobody", [], false],
  ])("is met by %s: %s", (_, by, isMet) => {
    const policy = parsePolicy(example);
    expect(policy.logs.map(({ vkey }) => vkey)).toEqual([log.verifier.vkey]);
    const check = () => assertQuorum(cosigned(by), policy).map(({ name }) => name);
    if (isMet) expect(check()).toEqual(by.map(({ name }) => name));
    else expect(check).toThrow(expect.objectContaining({ code: "PROOF_INVALID" }));
  });

  test("is not met by a signature that does not hold, of another text or time", () => {
    const policy = parsePolicy(example);
    const enough = [x1, x2, y1];
    for (const altered of [{ over: text.replace("3", "4") }, { told: 1n }, { time: 2n ** 63n }]) {
      const check = () => assertQuorum(cosigned(enough, altered), policy);
      expect(check).toThrow("does not hold");
    }
  });
});

test("a policy that asks for no witness takes a note without one, and passes over strangers", () => {
  const policy = parsePolicy(`log ${log.verifier.vkey}\nquorum none\n`);
  expect(assertQuorum(note, policy)).toEqual([]);
  expect(assertQuorum(cosigned([x1]), policy)).toEqual([]);
});

describe("a policy is refused", () => {
  const one = `witness A ${x1.vkey}`;
  const two = `${one}\nwitness B ${x2.vkey}`;
  test.each([
    ["without a quorum", one, "no line for its quorum"],
    ["that is empty", "", "no line for its quorum"],
    ["with two quorums", "quorum none\nquorum none", "Line 2"],
    ["with a quorum of two names", `${two}\nquorum A B`, "Line 3"],
    ["with a quorum that comes later", `quorum A\n${one}`, "Line 1"],
    ["with a word that is none", "quorums none", "is none of log, witness"],
    ["with a log that is no key", "log example.com\nquorum none", "Line 1"],
    ["with a witness's key for a log", `log ${x1.vkey}\nquorum none`, "Line 1"],
    ["with a log's key for a witness", `witness A ${log.verifier.vkey}\nquorum A`, "Line 1"],
    ["with a log twice", `log ${log.verifier.vkey}\nlog ${log.verifier.vkey}`, "Line 2"],
    ["with a key under two names", `${one}\nwitness B ${x1.vkey}`, "Line 2"],
    ["with a name twice", `${one}\nwitness A ${x2.vkey}`, '"A" is taken'],
    ["with a witness none", `witness none ${x1.vkey}`, '"none" is taken'],
    ["with a group of nobody", "group G any", "a group has members"],
    ["with a group that is too small", `${two}\ngroup G 3 A B`, "from 1 to 2"],
    ["with a group of zero", `${two}\ngroup G 0 A B`, "from 1 to 2"],
    ["with a group of 01", `${two}\ngroup G 01 A B`, "from 1 to 2"],
    ["with a member none", `${two}\ngroup G any A none`, "cannot be a member"],
    ["with a member twice", `${two}\ngroup G any A A`, "is one already"],
    ["with a member of two groups", `${two}\ngroup G any A\ngroup H any A B`, "is one already"],
    ["with a member that comes later", `${one}\ngroup G any A B`, "of a line before"],
    ["with more behind a key than a URL", `log ${log.verifier.vkey} a b`, "all that may follow"],
  ])("%s", (_, policy, why) => {
    expect(() => parsePolicy(policy)).toThrow(why);
    expect(() => parsePolicy(policy)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});
