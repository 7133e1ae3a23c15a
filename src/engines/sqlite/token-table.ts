/** By which secrets access tokens open the store, in its file. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { permissions } from "../../domain/permissions.js";
import { stateOfKind } from "../../domain/resource.js";
import { jsonValue } from "../../domain/schemas.js";
import { isAsTold, type TokenRecord } from "../../domain/token/record.js";
import { tokenReservation } from "../../domain/token/state.js";
import type { KeptToken, TokenMove, TokenTable } from "../../eventstore/token-table.js";
import { parseState } from "./state-tables.js";

const TokenRow = z
  .object({
    name: z.string(),
    permission: z.enum(permissions),
    namespaces: z.string().nullable(),
    createdAt: z.number(),
    expiresAt: z.number().nullable(),
    digest: z.instanceof(Uint8Array),
    state: z.string().nullable(),
    isUnrecorded: z.number(),
  })
  .transform(({ state, ...row }) => ({
    ...row,
    namespaces: parseNamespaces(row.namespaces),
    told: told(state),
    isUnrecorded: row.isUnrecorded === 1,
  }));

function parseNamespaces(text: string | null): string[] | null {
  return text === null ? null : z.array(z.string()).parse(JSON.parse(text));
}

function told(text: string | null) {
  const state = text === null ? undefined : parseState(text);
  return state && stateOfKind("token", state);
}

const { scope } = tokenReservation("");

/** One statement, and so one moment. */
const allTokens = `
  SELECT t.name, t.permission, t.namespaces, t.created_at AS createdAt, t.expires_at AS expiresAt,
    t.digest, a.state, u.name IS NOT NULL AS isUnrecorded
  FROM tokens t
  LEFT JOIN reservations r ON r.scope = '${scope}' AND r.key = t.name
  LEFT JOIN access_tokens a ON a.token_id = r.stream
  LEFT JOIN unrecorded_tokens u ON u.name = t.name
  ORDER BY t.name`;

const Results = z.object({ answer: jsonValue });

/** A row of `idempotency`, whose results were one answer. */
const ReplyRow = z
  .object({ fingerprint: z.string(), recordedAt: z.number(), results: z.string() })
  .transform(({ results, ...row }) => ({ ...row, ...Results.parse(JSON.parse(results)) }));

export function sqliteTokenTable(
  reader: Database.Database,
  onChange: TokenTable["onChange"],
): TokenTable {
  const all = reader.prepare(allTokens);
  const replied = reader.prepare(
    `SELECT fingerprint, recorded_at AS recordedAt, results FROM idempotency
     WHERE scope = ? AND key = ?`,
  );
  return {
    all: async () => readTokens(all),
    reply: async (scope, key) => ReplyRow.optional().parse(replied.get(scope, key)),
    onChange,
  };
}

/** All there are now. */
export function tokensOf(db: Database.Database): readonly KeptToken[] {
  return readTokens(db.prepare(allTokens));
}

function readTokens(all: Database.Statement): readonly KeptToken[] {
  return z.array(TokenRow).parse(all.all());
}

/** Within a write transaction. */
export function moveTokens(db: Database.Database, moves: readonly TokenMove[]): void {
  for (const move of moves) {
    const name = move.kind === "opens" ? move.record.name : move.name;
    db.prepare("DELETE FROM unrecorded_tokens WHERE name = ?").run(name);
    if (move.kind === "stays") continue;
    db.prepare("DELETE FROM tokens WHERE name = ?").run(name);
    if (move.kind === "opens") insert(db, move.record);
  }
}

function insert(db: Database.Database, record: TokenRecord): void {
  const { digest, name, permission, namespaces, createdAt, expiresAt } = record;
  const listed = namespaces === null ? null : JSON.stringify(namespaces);
  db.prepare(
    `INSERT INTO tokens (digest, name, permission, namespaces, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  ).run(digest, name, permission, listed, createdAt, expiresAt);
}

/**
 * Of rows beside a log that ends earlier than theirs did: those that it does not tell of get their event when the
 * store is opened, and those of other tokens than the ones that have their names in it are gone.
 */
export function fitTokensToLog(db: Database.Database): void {
  for (const token of tokensOf(db)) {
    if (token.told === undefined) {
      db.prepare("INSERT OR IGNORE INTO unrecorded_tokens (name) VALUES (?)").run(token.name);
    } else if (!isAsTold(token, token.told)) {
      db.prepare("DELETE FROM tokens WHERE name = ?").run(token.name);
    }
  }
}
