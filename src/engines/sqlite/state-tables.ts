/**
 * The current states, one table for each kind of resource: the state as JSON text, beside it what
 * queries and indexes need, and which events set what its document has.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import { blameSchema } from "../../domain/blame.js";
import { invariant } from "../../domain/errors.js";
import {
  type BlamedState,
  kindNamed,
  kindOfStream,
  type ResourceKind,
  ResourceState,
  resourceKinds,
} from "../../domain/resource.js";

interface Statements {
  readonly state: Database.Statement;
  readonly folded: Database.Statement;
}

export class StateTables {
  readonly #statements: ReadonlyMap<ResourceKind, Statements>;

  constructor(db: Database.Database, suffix = "") {
    const prepared = resourceKinds.map((kind) => [kind, prepare(db, kind, suffix)] as const);
    this.#statements = new Map(prepared);
  }

  state(stream: string): ResourceState | undefined {
    const kind = kindOfStream(stream);
    return kind === undefined ? undefined : parseState(this.#of(kind).state.get(stream));
  }

  load(stream: string): BlamedState | undefined {
    const kind = kindOfStream(stream);
    return kind === undefined ? undefined : parseFolded(this.#of(kind).folded.get(stream));
  }

  #of(kind: ResourceKind): Statements {
    const statements = this.#statements.get(kind);
    invariant(statements !== undefined, `${kind} has no table`);
    return statements;
  }
}

function prepare(db: Database.Database, kind: ResourceKind, suffix: string): Statements {
  const { name, id } = kindNamed(kind).table;
  return {
    state: db.prepare(`SELECT state FROM ${name}${suffix} WHERE ${id} = ?`).pluck(),
    folded: db.prepare(`SELECT state, blame FROM ${name}${suffix} WHERE ${id} = ?`),
  };
}

const stateTextIfAny = z.string().optional();

export function parseState(row: unknown): ResourceState | undefined {
  const json = stateTextIfAny.parse(row);
  return json === undefined ? undefined : ResourceState.parse(JSON.parse(json));
}

const FoldedRow = z.object({ state: z.string(), blame: z.string() });

export function parseFolded(row: unknown): BlamedState | undefined {
  if (row === undefined) return undefined;
  const { state, blame } = FoldedRow.parse(row);
  return {
    state: ResourceState.parse(JSON.parse(state)),
    blame: blameSchema.parse(JSON.parse(blame)),
  };
}
