/**
 * The same commands on a server. Looking: the file and the server that holds it print the same.
 * Changing: two stores that are the same, one in a file and one behind a server, are left the same.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type BucketStore, openBuckets } from "../../src/index.js";
import { bucketlog, makeFile, type Ran, temporaryFolder } from "../support/cli.js";
import { type Service, serve, tokens } from "../support/server.js";

interface Place {
  readonly folder: string;
  readonly service: Service;
  /** Runs a command on the server. */
  readonly ask: (args: readonly string[]) => Promise<Ran>;
}

/** A file with one bucket of three versions, held by a server. */
async function serveFile(): Promise<Place> {
  const place = await serveIn(temporaryFolder());
  onTestFinished(place.service.close);
  return place;
}

async function serveIn(folder: string): Promise<Place> {
  const service = await serve({ file: await makeFile(folder) });
  const env = { BUCKETLOG_URL: service.url, BUCKETLOG_TOKEN: tokens.admin };
  return { folder, service, ask: (args) => bucketlog(temporaryFolder(), args, env) };
}

const commands = [
  ["log", "videos"],
  ["log", "videos", "--json", "--since", "2", "--actor", "ana"],
  ["show", "videos"],
  ["show", "videos", "--as-of", "@2", "--json"],
  ["diff", "videos", "1"],
  ["diff", "videos", "2", "3", "--json"],
  ["blame", "videos"],
  ["blame", "videos", "--path", "/description", "--json"],
  ["replay", "videos", "--from", "2"],
  ["tail", "--once", "--after", "1"],
  ["tail", "--once", "--json", "--types", "bucket.patched"],
  ["export", "videos"],
  ["export", "videos", "--format", "csv"],
  ["export", "--since", "@2"],
  ["export", "--format", "csv", "--namespace", "*"],
  ["patch", "videos", '{"description": "third"}', "--dry-run"],
  ["revert", "videos", "2", "--dry-run"],
];

const refusals = [
  ["log", "none"],
  ["show", "videos", "--as-of", "9"],
  ["show", "videos", "--namespace", "not a name"],
  ["diff", "videos", "yesterday"],
  ["blame", "videos", "--path", "metadata"],
  ["replay", "videos", "--from", "3", "--to", "2"],
  ["tail", "--once", "--types", "bucket.painted"],
  ["tail", "--once", "--after", "99"],
  ["export", "none"],
];

describe("a command with --url", () => {
  test("and --file as well is wrong usage", async () => {
    const args = ["show", "videos", "--file", "a.db", "--url", "http://127.0.0.1:1"];
    const ran = await bucketlog(temporaryFolder(), args);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("'--file <file>' cannot be used with option '--url <url>'");
  });

  test.for(["nowhere", "ftp://127.0.0.1", "http://ana:secret@127.0.0.1"])(
    "of %s exits 2 and shows no password",
    async (url) => {
      const ran = await bucketlog(temporaryFolder(), ["show", "videos", "--url", url]);
      expect(ran).toMatchObject({ code: 2, out: "" });
      expect(ran.err).toMatch(/^error \[BAD_REQUEST\]/);
      expect(ran.err).not.toContain("secret");
    },
  );

  test("of a server that is not there exits 1", async () => {
    const { service, ask } = await serveFile();
    await service.stop();
    const ran = await ask(["show", "videos"]);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/^error \[UNREACHABLE\]/);
  });

  test("with a wrong token, or none, exits 1 with one hint, and shows no token", async () => {
    const { folder, service } = await serveFile();
    for (const more of [[], ["--token", "a-wrong-token-0123456789"]]) {
      const ran = await bucketlog(folder, ["show", "videos", "--url", service.url, ...more]);
      expect(ran).toMatchObject({ code: 1, out: "" });
      expect(ran.err).toMatch(/^error \[UNAUTHORIZED\]/);
      expect(ran.err).toMatch(/\n {2}give a token of the server: {2}--token or BUCKETLOG_TOKEN\n$/);
      expect(ran.err).not.toContain("a-wrong-token");
    }
  });

  test("that the token does not allow exits 1 and changes nothing", async () => {
    const { folder, service } = await serveFile();
    const place = ["--url", service.url, "--token", tokens.read];
    const ran = await bucketlog(folder, ["patch", "videos", "{}", ...place]);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/^error \[FORBIDDEN\]/);
    expect((await service.store.head()).position).toBe(3);
  });
});

describe("looking", () => {
  // It changes nothing: all of these look at one.
  const shared = mkdtempSync(join(tmpdir(), "bucketlog-url-"));
  let place: Place;
  beforeAll(async () => {
    place = await serveIn(shared);
  });
  afterAll(async () => {
    await place.service.close();
    rmSync(shared, { recursive: true, force: true });
  });

  test.for(commands)("%s %s prints of a server what it prints of its file", async (args) => {
    const { folder, ask } = place;
    const ofFile = await bucketlog(folder, args);
    expect(ofFile).toMatchObject({ code: 0 });
    expect(ofFile.out).not.toBe("");
    expect(await ask(args)).toEqual(ofFile);
  });

  test.for(refusals)("%s %s %s %s is refused alike", async (args) => {
    const { folder, ask } = place;
    const ofFile = await bucketlog(folder, args);
    expect(ofFile).toMatchObject({ out: "", err: expect.stringMatching(/^error \[/) });
    expect(await ask(args)).toEqual(ofFile);
  });
});

/** The newest entry, without what differs between two stores. */
async function newest(store: BucketStore) {
  const { results } = await store.namespace().buckets.history("videos", { limit: 1 });
  return results.map(({ type, version, changes, reason, revert_of, media_type }) => {
    return { type, version, changes, reason, revert_of, media_type };
  });
}

describe("changing", () => {
  test.for([
    ["patch", "videos", '{"description": "third", "colour": 1}', "--reason", "why", "--as", "ben"],
    ["patch", "videos", '{"metadata": {"a": null}}', "--type", "merge", "--if-version", "3"],
    ["patch", "videos", '[{"op": "remove", "path": "/description"}]', "--type", "json-patch"],
    ["revert", "videos", "@2", "--yes", "--reason", "it was right"],
    ["revert", "videos", "1", "--field", "/description", "--yes"],
    ["revert", "videos", "3", "--undo", "--yes"],
    ["revert", "videos", "3", "--yes"],
    ["patch", "none", "{}"],
    ["patch", "videos", "[]"],
    ["patch", "videos", "{}", "--if-version", "2"],
    ["patch", "videos", '[{"op": "test", "path": "", "value": 1}]', "--type", "json-patch"],
    ["revert", "videos", "9", "--yes"],
    ["revert", "videos", "2", "--undo", "--yes"],
    ["revert", "videos", "2"],
  ])("%s %s %s prints and does the same to both", async (args) => {
    const { service, ask } = await serveFile();
    const folder = temporaryFolder();
    const file = await makeFile(folder);
    expect(await ask(args)).toEqual(await bucketlog(folder, args));
    await using store = await openBuckets({ file, readOnly: true });
    expect(await newest(service.store)).toEqual(await newest(store));
    expect((await service.store.verify()).ok).toBe(true);
  });

  test("is done in the name of the token, or of whom its admin speaks for", async () => {
    const { service, ask } = await serveFile();
    await ask(["patch", "videos", "{}"]);
    await ask(["patch", "videos", "{}", "--as", "ben"]);
    const { results } = await service.store.namespace().buckets.history("videos", { limit: 2 });
    expect(results.map(({ actor }) => actor)).toEqual(["ben", "admin"]);
  });
});
