/**
 * Goal: the types of every entry of the package hold in strict projects that check declarations too,
 * with what the package names and nothing else.
 */
import { describe, expect, test } from "vitest";
import { compile } from "../support/compile.js";

const node = { lib: ["es2023"], types: ["node"] };
const app = `
  import { createApp, serveStore } from "bucketlog/http";
  import { openBuckets } from "bucketlog";
  import { pino } from "pino";
  const store = await openBuckets({ file: ":memory:" });
  export const app: { callback(): unknown } = createApp({ store, logger: pino() });
  export const serve = serveStore;
`;

describe("a project with Node's types compiles", () => {
  test.each([
    [
      "the library",
      `import { type BucketRead, openBuckets } from "bucketlog";
       export async function read(file: string): Promise<BucketRead> {
         const store = await openBuckets({ file, readOnly: true });
         return await store.namespace("default").buckets.get("videos");
       }`,
    ],
    [
      "a server for tests",
      `import { startServer } from "bucketlog/server";
       const server = await startServer({ port: 0 });
       await server.close();
       export const url: string = server.url;`,
    ],
    [
      "what checks proofs",
      `import { type NoteVerifier, openNote, verifyEventProof } from "bucketlog/proofs";
       export const check = verifyEventProof;
       export const open = (note: string, verifier: NoteVerifier) => openNote(note, [verifier]);`,
    ],
  ])("with %s", async (_, source) => {
    expect(await compile({ ...node, source })).toEqual([]);
  });

  test("with the Koa app and the peers that the package names for it, and not without", async () => {
    expect(await compile({ ...node, source: app, hasPeers: true })).toEqual([]);
    expect(await compile({ ...node, source: app })).toContainEqual(
      expect.stringContaining("Could not find a declaration file for module 'koa'"),
    );
  });
});
