/** Checkpoints and proofs by the command line: what is refused, and what a file proves without a store. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { noteSigner, parseSigner, signNote } from "../../src/proofs/note.js";
import { startServer } from "../../src/server.js";
import { bucketlog, makeFile, temporaryFolder } from "../support/cli.js";
import { tamper } from "../support/forge.js";

const other = noteSigner("other.example", new Uint8Array(32).fill(3)).verifier.vkey;

/** A folder with a log that has signed, its newest note, its key, and the proof of its second event. */
async function signedFolder() {
  const folder = temporaryFolder();
  const file = await makeFile(folder);
  const { out: note } = await bucketlog(folder, ["checkpoint", "--sign"]);
  writeFileSync(join(folder, "noted.txt"), note);
  const { out } = await bucketlog(folder, ["sign", "key"]);
  await bucketlog(folder, ["prove", "videos", "2", "--disclose", "body", "-o", "proof"]);
  return { folder, file, note, key: out.trim() };
}

describe("is refused", () => {
  test.each([
    [["checkpoint"], 1, "Nothing was signed yet"],
    [["sign", "key"], 1, "There is no buckets.db.sign yet"],
    [["prove", "videos", "2"], 1, "sign the log"],
    [["prove", "videos", "0"], 2, "A version is a number from 1"],
    [["check-proof", "none", "--key", other], 1, "none cannot be read"],
    [["check-proof", "buckets.db"], 1, "cannot be read"],
    [["verify", "--checkpoint", "none", "--key", other], 1, "none cannot be read"],
  ] as const)("%s before anything was signed", async (args, code, says) => {
    const folder = temporaryFolder();
    if (args[1] !== "buckets.db") await makeFile(folder);
    const ran = await bucketlog(folder, args);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toContain(says);
  });

  test("a proof without a key, under another key, and with another word in it", async () => {
    const { folder, key } = await signedFolder();
    const unnamed = await bucketlog(folder, ["check-proof", "proof"]);
    expect(unnamed).toMatchObject({ code: 2, out: "" });
    expect(unnamed.err).toContain("bucketlog sign key");
    const unknown = await bucketlog(folder, ["check-proof", "proof", "--key", other]);
    expect(unknown).toMatchObject({ code: 4, out: "" });
    const text = readFileSync(join(folder, "proof"), "utf8");
    const extra = /^extra (.*)$/m.exec(text)?.[1] ?? "";
    const altered = Buffer.from(extra, "base64").toString().replace("first", "worst");
    writeFileSync(
      join(folder, "proof"),
      text.replace(extra, Buffer.from(altered).toString("base64")),
    );
    const told = await bucketlog(folder, ["check-proof", "proof", "--key", key]);
    expect(told).toMatchObject({ code: 4, out: "" });
    expect(told.err).toContain("the body is not what was committed to");
  });
});

test("a proof tells what it proves, and what not, with its key alone", async () => {
  const { folder, key } = await signedFolder();
  const ran = await bucketlog(folder, ["check-proof", "proof", "--key", key]);
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out).toMatch(
    /^It holds: bucketlog.local\/log_\w+ has signed that event 2 of its first 3/,
  );
  expect(ran.out).toContain('"value":"first"');
  expect(ran.out).toContain("its meta is not shown");
  expect(ran.out).toContain("Not proved: ");
  const { out } = await bucketlog(folder, ["check-proof", "proof", "--key", key, "--json"]);
  expect(JSON.parse(out)).toMatchObject({ position: 2, version: 2, size: 3, meta: null });
});

describe("verify holds the log to a checkpoint that was kept", () => {
  let signed: Awaited<ReturnType<typeof signedFolder>>;

  const verify = async (args: readonly string[] = []) => {
    const { folder, key } = signed;
    const ran = ["verify", "--checkpoint", "noted.txt", "--key", key, ...args];
    return await bucketlog(folder, ran);
  };

  test("which it still contains once it went on", async () => {
    signed = await signedFolder();
    await using store = await openBuckets({ file: signed.file });
    await store.namespace().buckets.archive("videos");
    const ran = await verify();
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("checkpoint: the log goes on from the 3 events that it signed");
  });

  test("which it does not contain", async () => {
    signed = await signedFolder();
    const signer = parseSigner(readFileSync(`${signed.file}.sign`, "utf8").trim());
    const [origin] = signed.note.split("\n");
    const root = Buffer.alloc(32, 7).toString("base64");
    const sign = (size: number) => signNote(`${origin}\n${size}\n${root}\n`, [signer]);
    writeFileSync(join(signed.folder, "noted.txt"), sign(2));
    const forked = await verify();
    expect(forked.code).toBe(4);
    expect(forked.out).toContain("FAULT at position 2: a checkpoint of 2 events was signed with");
    writeFileSync(join(signed.folder, "noted.txt"), sign(9));
    const cut = await verify();
    expect(cut.code).toBe(4);
    expect(cut.out).toContain("the log was cut off: a checkpoint of 9 events was signed");
  });
});

test("prove and check-proof know the event before, and the header alone", async () => {
  const { folder, key } = await signedFolder();
  const flags = ["--disclose", "header", "--with-previous", "--output", "chained"];
  await bucketlog(folder, ["prove", "videos", "2", ...flags]);
  const { out, code } = await bucketlog(folder, ["check-proof", "chained", "--key", key]);
  expect(code).toBe(0);
  expect(out).toContain("The event before it in the log is the one that it was chained to.");
  expect(out).toContain("Not proved: that what it says is true, and that nothing took it back");
  expect(out).toContain("its body is not shown");
});

describe("check-proof --policy", () => {
  test("takes the logs of the file, asks for its witnesses, and is refused with its line", async () => {
    const { folder, key } = await signedFolder();
    const check = async (policy: string, ...more: readonly string[]) => {
      writeFileSync(join(folder, "policy"), policy);
      return await bucketlog(folder, ["check-proof", "proof", "--policy", "policy", ...more]);
    };
    expect(await check(`log ${key}\nquorum none\n`)).toMatchObject({ code: 0, err: "" });
    expect(await check("quorum none\n", "--key", key)).toMatchObject({ code: 0, err: "" });
    const nobody = await check("quorum none\n");
    expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining("--key") });
    expect(await check(`log ${other}\nquorum none\n`)).toMatchObject({ code: 4, out: "" });
    const typed = Buffer.concat([Buffer.of(4), Buffer.alloc(32, 9)]);
    const digest = createHash("sha256").update("w.example\n").update(typed).digest("hex");
    const vkey = `w.example+${digest.slice(0, 8)}+${typed.toString("base64")}`;
    const unseen = await check(`log ${key}\nwitness w ${vkey}\nquorum w\n`);
    expect(unseen).toMatchObject({ code: 4, out: "" });
    expect(unseen.err).toContain("lacks the witnesses that your policy asks for");
    const broken = await check(`log ${key}\nquorums none\n`);
    expect(broken).toMatchObject({ code: 2, err: expect.stringContaining("Line 2 of the policy") });
    const json = await check(`log ${key}\nquorum none\n`, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ cosigned_by: [], previous_proved: false });
  });
});

describe("sign rotate", () => {
  test("is refused for a time that is none, and before anything was signed", async () => {
    const folder = temporaryFolder();
    await makeFile(folder);
    expect(await bucketlog(folder, ["sign", "rotate", "--overlap", "long"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("30d, 12h or 0s"),
    });
    expect(await bucketlog(folder, ["sign", "rotate"])).toMatchObject({
      code: 3,
      err: expect.stringContaining("Nothing was signed yet"),
    });
  });

  test("hands out a key that the old one vouches for", async () => {
    const { folder, key: old } = await signedFolder();
    const ran = await bucketlog(folder, ["sign", "rotate", "--output", "rotated"]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    const fresh = (await bucketlog(folder, ["sign", "key"])).out.trim();
    expect(fresh).not.toBe(old);
    expect(ran.out).toContain(`\nkey ${fresh}\nThe old key signs along until `);
    const checked = await bucketlog(folder, ["check-proof", "rotated", "--key", old]);
    expect(checked.out).toContain(`From then on the log signs with ${fresh}; ${old} says so.`);
    const held = ["verify", "--checkpoint", "noted.txt", "--key", old];
    expect((await bucketlog(folder, held)).out).toContain(`the log signs with ${fresh}; ${old}`);
    await bucketlog(folder, ["prove", "videos", "2", "--output", "later"]);
    for (const key of [old, fresh]) {
      expect((await bucketlog(folder, ["check-proof", "later", "--key", key])).code).toBe(0);
    }
  });

  test("of a stolen key vouches for nothing, and no overlap is told", async () => {
    const { folder, key: old } = await signedFolder();
    const flags = ["--compromised", "--reason", "a laptop is gone", "--output", "rotated"];
    const ran = await bucketlog(folder, ["sign", "rotate", ...flags]);
    expect(ran.out).toContain("The old key signs nothing more, and vouches for nothing");
    expect((await bucketlog(folder, ["check-proof", "rotated", "--key", old])).code).toBe(4);
    const fresh = (await bucketlog(folder, ["sign", "key"])).out.trim();
    const checked = await bucketlog(folder, ["check-proof", "rotated", "--key", fresh]);
    expect(checked.out).toContain(`The log gave up ${old} as lost or stolen`);
    const { out } = await bucketlog(folder, ["tail", "--namespace", "*", "--once", "--json"]);
    expect(out).toContain("a laptop is gone");
  });
});

test.each([
  ["UPDATE checkpoints SET root = zeroblob(32)", "was signed with another root"],
  ["UPDATE checkpoints SET size = 8", "a checkpoint of 8 events was signed"],
  ["INSERT INTO tree VALUES (1, 0, zeroblob(32))", "a tile 1/0 of events that are not there"],
])("verify finds what was altered beside the log: %s", async (sql, problem) => {
  const { folder, file } = await signedFolder();
  tamper(file, (db) => db.exec(sql));
  const ran = await bucketlog(folder, ["verify"]);
  expect(ran.code).toBe(4);
  expect(ran.out).toContain(problem);
});

test("a server signs and proves as a file does", async () => {
  await using server = await startServer({
    seed: [{ command: "create", body: { bucket_name: "a", bucket_schema: { properties: {} } } }],
  });
  const folder = temporaryFolder();
  const at = ["--url", server.url, "--token", server.token];
  const { out: note } = await bucketlog(folder, ["checkpoint", "--sign", ...at]);
  expect(note).toMatch(/^bucketlog.local\/log_\w+\n1\n/);
  const newest = await bucketlog(folder, ["checkpoint", ...at]);
  expect(newest.out).toBe(note);
  const proof = await bucketlog(folder, ["prove", "a", "1", ...at]);
  expect(proof.out).toMatch(/^c2sp.org\/tlog-proof@v1\nextra /);
});
