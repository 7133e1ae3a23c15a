/**
 * Goal: what a new kind of resource and a new field of a bucket cost, counted in the files that had
 * to know, and that what is derived from their definition works. Method: the sources are copied and
 * grown by a few lines, checked and compiled by the compiler that checks ours, and then used.
 */
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import type { Kind } from "../../src/domain/kind.js";
import type { CollectionEvent } from "./collection/events.js";
import { type CollectionCommand, type CollectionState, collectionKind } from "./collection/kind.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bucketlog-growth-"));
const dist = join(folder, "dist");

// One build for all of them: most of the time is the compiler's.
beforeAll(() => build([collections, creations, color]));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Growth {
  /** What stands in a file, and what it becomes. */
  readonly edited: Readonly<Record<string, readonly (readonly [string, string])[]>>;
  /** Files that are the new thing's own, and their text. */
  readonly added?: Readonly<Record<string, string>>;
}

/** Builds the sources that were grown. @throws what the compiler says. */
async function build(growths: readonly Growth[]): Promise<void> {
  for (const part of ["src", "migrations", "package.json"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [path, edits] of growths.flatMap(({ edited }) => Object.entries(edited))) {
    let text = readFileSync(join(folder, path), "utf8");
    for (const [before, after] of edits) {
      expect(text, path).toContain(before);
      text = text.replace(before, after);
    }
    writeFileSync(join(folder, path), text);
  }
  for (const [path, text] of growths.flatMap(({ added = {} }) => Object.entries(added))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  const options = { noEmit: false, incremental: false, rootDir: "src", outDir: "dist" };
  const project = { compilerOptions: { ...compilerOptions, ...options }, files: ["src/index.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [compiler, "-p", folder]).catch((error: unknown) => {
    const said = error instanceof Error && "stdout" in error ? error.stdout : error;
    throw new Error(`The grown sources do not compile:\n${said}`);
  });
}

async function use(script: string): Promise<unknown> {
  const args = [join(root, "test/growth", script), dist, join(folder, `${script}.db`)];
  const { stdout } = await run(process.execPath, args);
  return JSON.parse(stdout);
}

/** The toy, as it would stand in the domain. */
function toy(file: string): string {
  const text = readFileSync(join(root, "test/growth/collection", file), "utf8");
  return text.replaceAll("../../../src/domain/", "../");
}

/** Everything beside its own files that a kind needs to be stored, checked and told of. */
const collections: Growth = {
  added: {
    "src/domain/collection/events.ts": toy("events.ts"),
    "src/domain/collection/kind.ts": toy("kind.ts"),
    "migrations/sqlite/9999-collections.sql": readFileSync(
      join(root, "migrations/sqlite/0008-connections.sql"),
      "utf8",
    )
      .concat("ALTER TABLE connections ADD COLUMN blame TEXT NOT NULL DEFAULT '0';")
      .replaceAll("connection", "collection"),
  },
  edited: {
    "src/domain/event.ts": [
      [
        "import { z } from",
        'import { CollectionEvent } from "./collection/events.js";\nimport { z } from',
      ],
      [
        "  ...ConnectionEvent.options,",
        "  ...ConnectionEvent.options,\n  ...CollectionEvent.options,",
      ],
    ],
    "src/domain/resource.ts": [
      [
        "import { z } from",
        'import { CollectionState, collectionKind } from "./collection/kind.js";\nimport { z } from',
      ],
      [
        "  connection: connectionKind,",
        "  connection: connectionKind,\n  collection: collectionKind,",
      ],
      ["  ConnectionState,", "  ConnectionState,\n  CollectionState,"],
    ],
  },
};

test("a new kind of resource has two files to tell of it beside its own", async () => {
  expect(Object.keys(collections.edited)).toHaveLength(2);
  const used = await use("use-collection.mjs");
  expect(used).toMatchObject({
    created: { version: 1, entry: { collection_id: "coll_01kaaaaaaaaaaaaaaaaaaaaaaa" } },
    again: { code: "ALREADY_EXISTS" },
    known: { name: "films", token: "s3cret" },
    deleted: { version: 2 },
    missing: { code: "NOT_FOUND" },
    ok: true,
    differences: 0,
  });
  const { created } = Object(used);
  expect(JSON.stringify(created.changes)).toContain("********");
  expect(JSON.stringify(created.changes)).not.toContain("s3cret");
});

test("a kind that leaves out how it is shown or what is secret does not compile", () => {
  type Whole = Kind<CollectionState, CollectionCommand, CollectionEvent>;
  expectTypeOf(collectionKind).toExtend<Whole>();
  expectTypeOf<Omit<Whole, "shown">>().not.toExtend<Whole>();
  expectTypeOf<Omit<Whole, "shownDocument">>().not.toExtend<Whole>();
  expectTypeOf<Omit<Whole, "secrets">>().not.toExtend<Whole>();
  expectTypeOf<Omit<Whole, "reservations">>().not.toExtend<Whole>();
});

/** A read model, from what events do to it to its verification. */
const creations: Growth = {
  added: {
    "migrations/sqlite/9998-creations.sql": `CREATE TABLE creations (
      stream TEXT NOT NULL PRIMARY KEY, created_at TEXT NOT NULL, actor TEXT NOT NULL
    ) STRICT;`,
  },
  edited: {
    "src/projections/projections.ts": [
      [
        "/** What every projection has in common",
        `const creations = new Projection<AppliedEvent>({
          tables: [
            {
              name: "creations",
              key: ["stream"],
              stream: "stream",
              columns: {
                stream: ({ recorded }) => recorded.stream,
                created_at: ({ after }) => after.created_at,
                actor: ({ recorded }) => recorded.meta.actor,
              },
            },
          ],
          changes: (events) =>
            events.filter(({ before }) => before === undefined).map((row) => ({ row })),
        });

        /** What every projection has in common`,
      ],
      ["  timers,\n];", "  timers,\n  creations,\n];"],
    ],
  },
};

test("a new projection is one definition beside its table: it is written, verified and rebuilt", async () => {
  expect(Object.keys(creations.edited)).toHaveLength(1);
  const row = { created_at: "2026-10-01T00:00:00.000Z", actor: "local" };
  expect(await use("use-creations.mjs")).toStrictEqual({
    made: [row],
    ok: true,
    fault: expect.stringContaining("of creations is not the fold"),
    differences: 1,
    mended: [row],
  });
});

/** A field of a bucket, from the request to the answer. */
const color: Growth = {
  edited: {
    "src/domain/bucket/document.ts": [
      [
        "  description: z.string().nullish(),",
        "  description: z.string().nullish(),\n  color: z.string().nullish(),",
      ],
      [
        "  description: z.string().optional(),",
        "  description: z.string().optional(),\n  color: z.string().optional(),",
      ],
    ],
  },
};

test("a new field of a bucket is told of in one place: as it is sent, and as it is answered", async () => {
  expect(Object.keys(color.edited)).toHaveLength(1);
  expect(await use("use-color.mjs")).toStrictEqual({
    refused: "VALIDATION_FAILED",
    stray: expect.stringContaining('Did you mean "color"?'),
    found: ["blue"],
    changes: [{ op: "replace", path: "/color", value: "blue", was: "red" }],
  });
});
