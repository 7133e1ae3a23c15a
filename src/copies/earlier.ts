/**
 * A store as it was at a position: its first events in a new file, and the view folded of them anew.
 * What lies beside the log has no history, and is taken over as far as those events speak of it.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { parsePoint } from "../domain/as-of.js";
import { BucketsError } from "../domain/errors.js";
import { kindNamed, resourceKinds } from "../domain/resource.js";
import { openWriter } from "../engines/sqlite/connection.js";
import { migrate } from "../engines/sqlite/migrate.js";
import { fitTokensToLog } from "../engines/sqlite/token-table.js";
import { formerKeyPrefix } from "../eventstore/read-table.js";
import { onOwnCopy } from "./engine.js";

/** Each table that is no part of the view, and which of its rows speak of the first events alone. */
export const tablesBesideTheView: Readonly<Record<string, string | "made anew">> = {
  events: "position <= @position",
  // The head, the tree and the view are made of the events.
  head: "made anew",
  tree: "made anew",
  migrations: "made anew",
  projections: "made anew",
  log: "true",
  tokens: "true",
  // Of the rows that the log does not tell of then.
  unrecorded_tokens: "made anew",
  checkpoints: "size <= @position",
  anchors: "size <= @position",
  idempotency: `NOT EXISTS (
    SELECT 1 FROM json_each(results, '$.results') WHERE json_extract(value, '$.position') > @position
  )`,
  // Those that no state refers to are removed once there are states.
  secrets: "true",
  received: "true",
  // Of the rows that are there then.
  row_macs: "made anew",
  table_macs: "made anew",
  // Who read what has no place in the log, and is not forgotten by going back in it.
  reads: "true",
  read_auditing: "true",
};

const Found = z.number().nullable();

/**
 * The position that a point stands for: that of the last event at or before it.
 * @throws BAD_REQUEST for a version; NOT_FOUND for what lies after the end, or before the first event.
 */
export function positionAt(db: Database.Database, at: string, head: number): number {
  const point = parsePoint(at, "at");
  if (point.kind === "version") {
    throw new BucketsError(
      "BAD_REQUEST",
      `at=${at} is a version, which only one resource has: use a position (@${at}) or a time.`,
    );
  }
  const position =
    point.kind === "position"
      ? point.position
      : (Found.parse(
          db
            .prepare("SELECT max(position) FROM events WHERE recorded_at <= ?")
            .pluck()
            .get(point.time),
        ) ?? 0);
  if (position >= 1 && position <= head) return position;
  throw new BucketsError("NOT_FOUND", `The backup has positions 1 to ${head}, and none at ${at}.`, {
    head,
  });
}

/** @returns how many secrets its states refer to that nobody has any more. */
export async function makeEarlier(source: string, file: string, position: number): Promise<number> {
  copyRows(source, file, position);
  return await onOwnCopy(file, async (engine, keeper) => {
    await keeper.rebuild(() => {});
    // Which rows there must be is another matter now; the key may be elsewhere.
    await engine.seals.unseal();
    return engine.write(({ db }) => {
      fitTokensToLog(db);
      db.exec("DELETE FROM received WHERE upload_id NOT IN (SELECT upload_id FROM uploads)");
      return keepReferredSecrets(db);
    });
  });
}

function copyRows(source: string, file: string, position: number): void {
  const db = openWriter(file, "full");
  try {
    migrate(db, file, Date.now());
    db.prepare("ATTACH ? AS source").run(source);
    const copy = db.transaction(() => {
      for (const [table, where] of Object.entries(tablesBesideTheView)) {
        if (where === "made anew") continue;
        const order = table === "events" ? "ORDER BY position" : "";
        db.prepare(
          `INSERT INTO main.${table} SELECT * FROM source.${table} WHERE ${where} ${order}`,
        ).run(where.includes("@position") ? { position } : {});
      }
      db.prepare(
        `UPDATE main.head SET (position, hash, recorded_at, owner_epoch) =
           (SELECT position, hash, recorded_at, (SELECT owner_epoch FROM source.head)
            FROM main.events WHERE position = ?)`,
      ).run(position);
    });
    copy.immediate();
    db.exec("DETACH source");
  } finally {
    db.close();
  }
}

/** A reference is an id of its own, so that a state which has its text refers to it. */
const reference = /"(sec_[\w-]+)"/g;

function keepReferredSecrets(db: Database.Database): number {
  const all = resourceKinds.map((kind) => `SELECT state FROM ${kindNamed(kind).table.name}`);
  const states = db.prepare(all.join(" UNION ALL ")).pluck();
  const referred = new Set<string>();
  for (const state of states.iterate()) {
    for (const [, found] of z.string().parse(state).matchAll(reference)) {
      if (found !== undefined) referred.add(found);
    }
  }
  const ofStates = `substr(reference, 1, ${formerKeyPrefix.length}) <> '${formerKeyPrefix}'`;
  db.prepare(
    `DELETE FROM secrets
     WHERE ${ofStates} AND reference NOT IN (SELECT value FROM json_each(?))`,
  ).run(JSON.stringify([...referred]));
  const counted = db.prepare(`SELECT count(*) FROM secrets WHERE ${ofStates}`).pluck();
  const kept = z.number().parse(counted.get());
  return referred.size - kept;
}
