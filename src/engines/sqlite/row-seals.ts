/**
 * Seals in SQLite: triggers of the connection that writes, which are in no file, make the MAC of every
 * row that it writes, whichever statement does. What anybody else writes has none.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { invariant } from "../../domain/errors.js";
import type { CheckedRows, RowMacs, RowSeals } from "../../eventstore/row-seals.js";
import { nextTurn } from "../../timers.js";
import { copyWal } from "./connection.js";
import { keepSealMark, readSealMark, removeSealMark, type SealMark } from "./seal-mark.js";

interface SealedTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** SQL for the text that names a row, of which `@` is a column of it. */
  readonly key: string;
}

/** Those that are neither the log, nor folded from it, nor sealed by what is in them. */
const tables: readonly SealedTable[] = [
  {
    name: "tokens",
    columns: ["digest", "name", "permission", "namespaces", "created_at", "expires_at"],
    key: "@name",
  },
  {
    name: "idempotency",
    columns: ["scope", "key", "fingerprint", "recorded_at", "results"],
    key: "json_array(@scope, @key)",
  },
  {
    name: "secrets",
    columns: ["reference", "bucket_id", "nonce", "ciphertext", "key_id"],
    key: "@reference",
  },
  {
    name: "received",
    columns: ["upload_id", "hash", "size_bytes", "expires_at"],
    key: "@upload_id",
  },
  {
    name: "anchors",
    columns: ["size", "kind", "name", "at", "ok", "receipt"],
    key: "json_array(@size, @kind, @name)",
  },
];

const sliceRows = 500;
const macBytes = 32;
const howToSealAnew =
  "restore a backup, or look through them and have `secrets rotate-key` seal what is there";

const bytes = z.instanceof(Uint8Array);
const SealRow = z.object({
  count: z.number(),
  sum: bytes,
  keyId: z.string().nullable(),
  seal: bytes.nullable(),
});
type SealRow = z.infer<typeof SealRow>;
const MadeRow = z.object({ row_key: z.string(), made: bytes });
const ComparedRow = MadeRow.extend({ kept: bytes.nullable() });

interface RowSealParts {
  /** The path of the database. */
  readonly file: string;
  readonly reader: Database.Database;
  /** One consistent state, for as long as it is looked at. */
  readonly openSnapshot: () => Database.Database;
  /** Whether anything may be written: on a log that was altered, nothing is sealed or unsealed. */
  readonly isSound: () => boolean;
  /** Runs its argument in a write transaction of the engine. */
  readonly write: (work: (db: Database.Database) => void) => void;
  /** Has that done to the connection that writes, and to each that takes its place. */
  readonly onWriter: (install: (db: Database.Database) => void) => void;
  /** Has that done with the connection that writes before it is closed for good. */
  readonly onClose: (settle: (db: Database.Database) => void) => void;
}

export function sqliteRowSeals(parts: RowSealParts): RowSeals {
  const { file, reader, openSnapshot, isSound, write, onWriter, onClose } = parts;
  return {
    sealWith: async (macs) => {
      if (isSound() && hasAnything(reader, readSealMark(file))) sealMissing(parts, macs);
      onWriter((db) => {
        install(db, macs);
        noteSealed(db, file, macs);
      });
      onClose((db) => noteSealed(db, file, macs));
    },
    unseal: async () => {
      if (!isSound()) return;
      removeSealMark(file);
      write((db) =>
        db.exec("UPDATE table_macs SET key_id = NULL, seal = NULL WHERE seal NOT NULL"),
      );
    },
    verify: async (macs) => {
      // Before the snapshot is taken: what is said to be sealed is in it.
      const mark = readSealMark(file);
      const db = openSnapshot();
      try {
        db.exec("BEGIN");
        return await verify(db, macs, mark);
      } finally {
        db.close();
      }
    },
  };
}

/** Whether something is sealed, or is to be: no key is made for a store in which nothing is. */
function hasAnything(db: Database.Database, mark: SealMark | undefined): boolean {
  return (
    mark !== undefined ||
    tables.some(({ name }) => sealOf(db, name).seal !== null || !isEmpty(db, name))
  );
}

function isEmpty(db: Database.Database, name: string): boolean {
  return db.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() === undefined;
}

/** Those that were sealed under this key before, and are not, are left as they are: verify tells. */
function sealMissing({ file, reader, write }: RowSealParts, macs: RowMacs): void {
  const mark = readSealMark(file);
  const open = tables.filter(({ name }) => {
    const { seal, keyId } = sealOf(reader, name);
    return (seal === null || keyId !== macs.keyId) && !wasSealed(mark, name, macs);
  });
  if (open.length > 0) defineFunctions(reader, macs);
  for (const table of open) sealAnew(table, macs, reader, write);
}

function wasSealed(mark: SealMark | undefined, name: string, macs: RowMacs): boolean {
  return mark?.tables.includes(name) === true && mark.key_id === macs.keyId;
}

/** Only of what a power cut cannot take: with relaxed durability, that is what was copied. */
function noteSealed(db: Database.Database, file: string, macs: RowMacs): void {
  const mark = readSealMark(file);
  const added = tables.filter(({ name }) => {
    const { seal, keyId } = sealOf(db, name);
    return seal !== null && keyId === macs.keyId && !wasSealed(mark, name, macs);
  });
  if (added.length === 0 || !copyWal(db)) return;
  const kept = mark?.key_id === macs.keyId ? mark.tables : [];
  const names = new Set([...kept, ...added.map(({ name }) => name)]);
  keepSealMark(file, { key_id: macs.keyId, tables: [...names] });
}

function sealOf(db: Database.Database, name: string): SealRow {
  const sql = "SELECT count, sum, key_id AS keyId, seal FROM table_macs WHERE of_table = ?";
  const missing: SealRow = { count: 0, sum: new Uint8Array(macBytes), keyId: null, seal: null };
  return SealRow.optional().parse(db.prepare(sql).get(name)) ?? missing;
}

/** In slices: there may be many keys of many writes. */
function sealAnew(
  { name, columns, key }: SealedTable,
  macs: RowMacs,
  reader: Database.Database,
  write: RowSealParts["write"],
): void {
  write((db) => {
    db.prepare("UPDATE table_macs SET key_id = NULL, seal = NULL WHERE of_table = ?").run(name);
    db.prepare("DELETE FROM row_macs WHERE of_table = ?").run(name);
  });
  const all = reader.prepare(
    `SELECT ${key.replaceAll("@", "")} AS row_key, row_mac('${name}', ${columns.join(", ")}) AS made
     FROM ${name}`,
  );
  let count = 0;
  let sum: Uint8Array = new Uint8Array(macBytes);
  for (const slice of slicesOf(all.iterate())) {
    const rows = z.array(MadeRow).parse(slice);
    write((db) => {
      const keep = db.prepare("INSERT OR REPLACE INTO row_macs VALUES (?, ?, ?)");
      for (const { row_key, made } of rows) keep.run(name, row_key, made);
    });
    sum = rows.reduce((total, { made }) => xor(total, made), sum);
    count += rows.length;
  }
  write((db) =>
    db
      .prepare(
        "INSERT OR REPLACE INTO table_macs (of_table, count, sum, key_id, seal) VALUES (?, ?, ?, ?, ?)",
      )
      .run(name, count, sum, macs.keyId, tableSeal(macs, name, count, sum)),
  );
}

function* slicesOf(rows: Iterable<unknown>): Iterable<readonly unknown[]> {
  let slice: unknown[] = [];
  for (const row of rows) {
    slice.push(row);
    if (slice.length < sliceRows) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function install(db: Database.Database, macs: RowMacs): void {
  defineFunctions(db, macs);
  db.exec(triggersSql);
}

function triggersOf(table: SealedTable): string {
  const { name } = table;
  const on = (event: "INSERT" | "UPDATE" | "DELETE", body: string) =>
    `CREATE TEMP TRIGGER ${name}_${event.toLowerCase()}_sealed AFTER ${event} ON main.${name} BEGIN
       ${body}
       UPDATE table_macs SET key_id = row_mac_key(), seal = table_seal(of_table, count, sum)
       WHERE of_table = '${name}';
     END;`;
  return [
    on("INSERT", gone(table, "NEW") + come(table)),
    on("UPDATE", gone(table, "OLD") + come(table)),
    on("DELETE", gone(table, "OLD")),
  ].join("\n");
}

/** In one transaction: each by itself would have the schema of the connection read anew. */
const triggersSql = `SAVEPOINT install; ${tables.map(triggersOf).join("\n")} RELEASE install;`;

/** Also of a row that another takes the place of, for which no trigger runs. */
function gone({ name, key }: SealedTable, row: "NEW" | "OLD"): string {
  const where = `of_table = '${name}' AND row_key = ${key.replaceAll("@", `${row}.`)}`;
  return `UPDATE table_macs SET count = count - 1, sum = mac_sum(sum, (SELECT mac FROM row_macs WHERE ${where}))
    WHERE of_table = '${name}' AND EXISTS (SELECT 1 FROM row_macs WHERE ${where});
    DELETE FROM row_macs WHERE ${where};`;
}

function come({ name, key, columns }: SealedTable): string {
  const rowKey = key.replaceAll("@", "NEW.");
  const values = columns.map((column) => `NEW.${column}`).join(", ");
  return `INSERT INTO row_macs VALUES ('${name}', ${rowKey}, row_mac('${name}', ${values}));
    UPDATE table_macs SET count = count + 1,
      sum = mac_sum(sum, (SELECT mac FROM row_macs WHERE of_table = '${name}' AND row_key = ${rowKey}))
    WHERE of_table = '${name}';`;
}

function defineFunctions(db: Database.Database, macs: RowMacs): void {
  const options = { deterministic: true, directOnly: false };
  db.function("row_mac", { ...options, varargs: true }, (...values: unknown[]) =>
    macs.macOf(JSON.stringify(["row", ...values.map(plain)])),
  );
  db.function("mac_sum", options, (sum: unknown, mac: unknown) => xor(bytesOf(sum), bytesOf(mac)));
  db.function("row_mac_key", options, () => macs.keyId);
  db.function("table_seal", options, (name: unknown, count: unknown, sum: unknown) =>
    tableSeal(macs, String(name), Number(count), bytesOf(sum)),
  );
}

function tableSeal(macs: RowMacs, name: string, count: number, sum: Uint8Array): Uint8Array {
  return macs.macOf(JSON.stringify(["table", name, count, plain(sum)]));
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString("hex") } : value;
}

/** What triggers pass, which is never anything else: they run for each row that is written. */
function bytesOf(value: unknown): Uint8Array {
  invariant(value instanceof Uint8Array, "a MAC is no bytes");
  return value;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sum = Buffer.from(a);
  for (const [index, byte] of b.entries()) sum[index] = (sum[index] ?? 0) ^ byte;
  return sum;
}

async function verify(
  db: Database.Database,
  macs: RowMacs,
  mark: SealMark | undefined,
): Promise<CheckedRows> {
  let checked = 0;
  const notChecked: string[] = [];
  for (const table of tables) {
    const { name } = table;
    const kept = sealOf(db, name);
    const isSealed = kept.seal !== null && kept.keyId === macs.keyId;
    if (!isSealed && wasSealed(mark, name, macs)) {
      const problem = `the seal of the rows of ${name} was taken away`;
      return { checked, problem: `${problem}: ${howToSealAnew}`, notChecked };
    }
    if (kept.seal === null) {
      if (isEmpty(db, name)) continue;
      notChecked.push(`the rows of ${name}: they have no seal; secrets rotate-key makes it`);
      continue;
    }
    if (kept.keyId !== macs.keyId) {
      notChecked.push(`the rows of ${name}: they are sealed under another key (${kept.keyId})`);
      continue;
    }
    const found = await problemOf(db, table, kept, macs);
    checked += found.checked;
    if (found.problem !== undefined) return { checked, problem: found.problem, notChecked };
  }
  return { checked, notChecked };
}

async function problemOf(
  db: Database.Database,
  { name, columns, key }: SealedTable,
  { count, sum, seal }: SealRow,
  macs: RowMacs,
): Promise<{ readonly checked: number; readonly problem?: string }> {
  defineFunctions(db, macs);
  if (seal === null || Buffer.compare(seal, tableSeal(macs, name, count, sum)) !== 0) {
    return { checked: 0, problem: `what tells which rows ${name} must have was altered` };
  }
  const rows = db.prepare(
    `SELECT ${key.replaceAll("@", "t.")} AS row_key, row_mac('${name}', ${columns.map((column) => `t.${column}`).join(", ")}) AS made,
       (SELECT mac FROM row_macs WHERE of_table = '${name}' AND row_key = ${key.replaceAll("@", "t.")}) AS kept
     FROM ${name} t`,
  );
  let checked = 0;
  let found: Uint8Array = new Uint8Array(macBytes);
  for (const raw of rows.iterate()) {
    const { row_key, made, kept } = ComparedRow.parse(raw);
    if (kept === null || Buffer.compare(kept, made) !== 0) {
      const what = kept === null ? "was not written by this store" : "was altered";
      return { checked, problem: `the row ${row_key} of ${name} ${what}` };
    }
    found = xor(found, made);
    checked += 1;
    if (checked % sliceRows === 0) await nextTurn();
  }
  const isWhole = checked === count && Buffer.compare(found, sum) === 0;
  return { checked, ...(!isWhole && { problem: `rows of ${name} are gone, or others are there` }) };
}
