/** Who the log is, its tree and its checkpoints, in the file of the store. */
import type Database from "better-sqlite3";
import { z } from "zod";
import {
  type Anchor,
  completed,
  fullTiles,
  type KeptHashes,
  type LogIdentity,
  type LogTree,
  remembering,
  type SignedCheckpoint,
} from "../../eventstore/log-tree.js";
import { leafHash, perfectRoot, tileWidth } from "../../eventstore/tree.js";
import type { KeptTree } from "../../eventstore/tree-check.js";

const bytes = z.instanceof(Uint8Array);

const IdentityRow = z
  .object({ logId: z.string(), origin: z.string().nullable(), beganAt: z.number() })
  .transform((row) => ({ ...row, origin: row.origin ?? undefined }));

const TileRow = z.object({ level: z.number(), idx: z.number(), hash: bytes });

const HexRows = z.array(z.string());

const CheckpointRow = z.object({
  size: z.number(),
  root: bytes,
  signedAt: z.number(),
  note: z.string(),
});

const TimeRow = z
  .object({ size: z.number(), signedAt: z.number(), isNoted: z.number() })
  .transform(({ isNoted, ...row }) => ({ ...row, isNoted: isNoted === 1 }));

const AnchorRow = z
  .object({
    size: z.number(),
    kind: z.enum(["file", "command"]),
    name: z.string(),
    at: z.number(),
    ok: z.number(),
    receipt: bytes.nullable(),
  })
  .transform((row) => ({ ...row, ok: row.ok === 1 }));

/** How many tiles a slice of the extension makes: some 15 ms of work. */
const sliceTiles = 16;

const entriesSql = "SELECT hex(hash) FROM events WHERE position > ? ORDER BY position LIMIT ?";

/** Sent as text: a blob of each row is memory of its own, which takes longer than to read it. */
function entriesOf(rows: unknown): readonly Uint8Array[] {
  return HexRows.parse(rows).map((text) => Buffer.from(text, "hex"));
}

type Write = <T>(work: (db: Database.Database) => T) => T;

/** Makes the identity of a log that has none yet; inside a write transaction. */
export function beginLog(db: Database.Database, logId: string, now: number): void {
  db.prepare("INSERT OR IGNORE INTO log (id, log_id, origin, began_at) VALUES (1, ?, NULL, ?)").run(
    logId,
    now,
  );
}

export function readLogId(db: Database.Database): string {
  return z.string().parse(db.prepare("SELECT log_id FROM log WHERE id = 1").pluck().get());
}

/**
 * @param write runs its argument in a durable write transaction of the engine.
 * @param pause lets others through between slices.
 */
export function sqliteLogTree(
  reader: Database.Database,
  write: Write,
  pause: () => Promise<void>,
): LogTree {
  const identity = reader.prepare(
    "SELECT log_id AS logId, origin, began_at AS beganAt FROM log WHERE id = 1",
  );
  const checkpoints = "SELECT size, root, signed_at AS signedAt, note FROM checkpoints";
  const newest = reader.prepare(`${checkpoints} ORDER BY size DESC LIMIT 1`);
  const bySize = reader.prepare(`${checkpoints} WHERE size = ?`);
  const all = reader.prepare(`${checkpoints} ORDER BY size`);
  const times = reader.prepare(
    `SELECT size, signed_at AS signedAt,
       EXISTS (SELECT 1 FROM anchors WHERE anchors.size = checkpoints.size AND ok = 1) AS isNoted
     FROM checkpoints WHERE size < (SELECT max(size) FROM checkpoints) ORDER BY size DESC`,
  );
  const anchors = reader.prepare(
    "SELECT size, kind, name, at, ok, receipt FROM anchors WHERE size = ? ORDER BY kind, name",
  );
  const entries = reader.prepare(entriesSql).pluck();
  return {
    hashes: completed(remembering(keptHashes(reader))),
    entries: async (from, count) => entriesOf(entries.all(from, count)),
    identity: async (): Promise<LogIdentity> => IdentityRow.parse(identity.get()),
    takeOrigin: async (origin) => {
      write((db) => db.prepare("UPDATE log SET origin = ? WHERE id = 1").run(origin));
    },
    extend: async (size) => {
      for (;;) {
        if (write((db) => extendSlice(db, size))) return;
        await pause();
      }
    },
    checkpoint: async (size) =>
      CheckpointRow.optional().parse(size === undefined ? newest.get() : bySize.get(size)),
    checkpoints: async () => z.array(CheckpointRow).parse(all.all()),
    unnoted: async (from, to) => {
      const found: { size: number; signedAt: number }[] = [];
      // From the newest on, so that what was thinned long ago is not looked at again.
      for (const row of times.iterate()) {
        const { isNoted, ...signed } = TimeRow.parse(row);
        if (signed.signedAt < from) break;
        if (signed.signedAt < to && !isNoted) found.push(signed);
      }
      return found.reverse();
    },
    keepCheckpoint: async ({ size, root, signedAt, note }: SignedCheckpoint) => {
      write((db) =>
        db
          .prepare(
            `INSERT INTO checkpoints (size, root, signed_at, note) VALUES (?, ?, ?, ?)
             ON CONFLICT (size) DO UPDATE SET root = excluded.root,
               signed_at = excluded.signed_at, note = excluded.note`,
          )
          .run(size, root, signedAt, note),
      );
    },
    forgetCheckpoints: async (sizes) => {
      write((db) =>
        db
          .prepare("DELETE FROM checkpoints WHERE size IN (SELECT value FROM json_each(?))")
          .run(JSON.stringify(sizes)),
      );
    },
    anchors: async (size) => z.array(AnchorRow).parse(anchors.all(size)),
    keepAnchor: async ({ size, kind, name, at, ok, receipt }: Anchor) => {
      write((db) =>
        db
          .prepare("INSERT OR REPLACE INTO anchors VALUES (?, ?, ?, ?, ?, ?)")
          .run(size, kind, name, at, ok ? 1 : 0, receipt),
      );
    },
  };
}

/** Of what a connection sees: leaves from the log, full tiles as far as they are kept. */
function keptHashes(db: Database.Database): KeptHashes {
  const entries = db.prepare(entriesSql).pluck();
  const tiles = db.prepare(
    "SELECT level, idx, hash FROM tree WHERE level = ? AND idx >= ? ORDER BY idx LIMIT ?",
  );
  return {
    at: (level, from, count) => {
      if (level === 0) return entriesOf(entries.all(from, count)).map(leafHash);
      const rows = z.array(TileRow).parse(tiles.all(level, from, count));
      // Behind a gap none is at its place.
      return rows.filter(({ idx }, place) => idx === from + place).map(({ hash }) => hash);
    },
  };
}

/** Keeps some more tiles of the lowest level, and whatever they make full above. @returns whether that was all. */
function extendSlice(db: Database.Database, size: number): boolean {
  const hashes = completed(keptHashes(db));
  const kept = db.prepare("SELECT coalesce(max(idx) + 1, 0) FROM tree WHERE level = ?").pluck();
  const keep = db.prepare("INSERT INTO tree (level, idx, hash) VALUES (?, ?, ?)");
  const first = z.number().parse(kept.get(1));
  const end = Math.min(fullTiles(size, 1), first + sliceTiles);
  for (let level = 1, full = end; full > 0; level += 1, full = Math.floor(full / tileWidth)) {
    for (let index = z.number().parse(kept.get(level)); index < full; index += 1) {
      keep.run(level, index, perfectRoot(hashes.at(level - 1, index * tileWidth, tileWidth)));
    }
  }
  return end === fullTiles(size, 1);
}

/** Everything that a file keeps of the tree, to be held to its log. */
export function readKeptTree(db: Database.Database): KeptTree {
  const tiles = z.array(TileRow).parse(db.prepare("SELECT level, idx, hash FROM tree").all());
  const checkpoints = db.prepare("SELECT size, root FROM checkpoints");
  return {
    tiles: new Map(tiles.map(({ level, idx, hash }) => [`${level}/${idx}`, hash])),
    checkpoints: z.array(CheckpointRow.pick({ size: true, root: true })).parse(checkpoints.all()),
  };
}
