/** A worker for the floors in SQLite: what somebody would write who decides, hashes and checks nothing. */
import { createHash, hash } from "node:crypto";
import { z } from "zod";
import { timed } from "../statistics.js";
import { BareRows } from "./bare-rows.js";
import { serveTasks } from "./tasks.js";

const [file = ":memory:"] = process.argv.slice(2);
const rows = new BareRows(file);

serveTasks({
  patches: (ms) => perSecond(ms, 64, () => rows.patch(64)),
  objects: (ms) => perSecond(ms, 100, () => rows.create(100)),
  fill: (count) => {
    for (let done = 0; done < count; done += 1_000) rows.patch(1_000);
    return {};
  },
  parse: async () => ({ ms: await timed(parseAll) }),
  hash: async () => ({ ms: await timed(hashAll) }),
  close: () => {
    rows.db.close();
    return {};
  },
});

/** How many a second, where each call does so many. */
function perSecond(ms: number, each: number, call: () => void) {
  const started = performance.now();
  let done = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    call();
    done += each;
    elapsed = performance.now() - started;
  }
  return { perSecond: (done / elapsed) * 1_000 };
}

/** SELECT + JSON.parse: no read of the whole log can do without. */
function parseAll(): void {
  let parsed = 0;
  const all = rows.db.prepare("SELECT meta, body FROM events ORDER BY position").raw();
  for (const row of all.iterate()) {
    const [meta, body] = Texts.parse(row);
    if (JSON.parse(meta) !== JSON.parse(body)) parsed += 1;
  }
  if (parsed === 0) throw new Error("There are no events.");
}

/** SELECT + SHA-256 of everything that is chained, in one chain. */
function hashAll(): void {
  let previous = hash("sha256", "", "buffer");
  const all = rows.db
    .prepare(
      `SELECT CAST(meta AS BLOB), meta_salt, CAST(body AS BLOB), salt, stream, event_id
       FROM events ORDER BY position`,
    )
    .raw();
  for (const row of all.iterate()) {
    const chained = createHash("sha256").update(previous);
    for (const value of Chained.parse(row)) chained.update(value);
    previous = chained.digest();
  }
}

const Texts = z.tuple([z.string(), z.string()]);
const Chained = z.array(z.union([z.string(), z.instanceof(Uint8Array)]));
