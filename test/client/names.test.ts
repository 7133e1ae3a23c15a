/** Goal: whoever writes for the client can name everything that whoever writes for the library can. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What is about files beside the program, which a client has none of. */
const ofFiles = [
  "BackupOptions",
  "BackupProgress",
  "ImportLogOptions",
  "ImportLogReport",
  "ImportOptions",
  "ImportReport",
  "RestoreOptions",
  "RestoreReport",
];
/** What a program says that serves others. */
const ofServers = ["ServedCaller", "ServedWriteOptions"];

test("the client exports the types of the interface that the library exports", () => {
  const beside = new Set([...ofFiles, ...ofServers]);
  const ofLibrary = typesOf("src/index.ts").filter((name) => !beside.has(name));
  expect(ofLibrary).toContain("CreateBucketInput");
  expect(typesOf("src/client/index.ts")).toEqual(ofLibrary);
});

function typesOf(file: string): string[] {
  const exported = /export type \{([^}]*)\} from "\.\.?\/api\/index\.js"/.exec(
    readFileSync(file, "utf8"),
  );
  return (exported?.[1] ?? "").split(",").flatMap((name) => name.trim() || []);
}
