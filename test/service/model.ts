/**
 * The naive model of a bucket service: a list of everything that happened, with the whole document
 * after each event as plain JSON. It shares no code with what it is compared to, but the types.
 */
import type { JsonObject, JsonValue } from "../../src/domain/json.js";

/** A bucket right after one of its events. */
export interface Moment {
  readonly id: string;
  readonly version: number;
  readonly position: number;
  readonly time: number;
  readonly type: string;
  readonly actor: string;
  readonly reason: string | undefined;
  /** What history tells of this kind of event alone. */
  readonly told: JsonObject;
  readonly document: JsonObject;
  readonly status: "ACTIVE" | "ARCHIVED" | "SUSPENDED";
  readonly lock: { readonly until: number } | undefined;
  readonly isDeleted: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Difference {
  readonly path: readonly string[];
  readonly was: JsonValue | undefined;
  readonly value: JsonValue | undefined;
}

export interface Said {
  readonly actor: string;
  readonly reason: string | undefined;
  readonly ifVersion: number | undefined;
}

/** What the service must refuse with this code. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

type Outcome = Pick<Moment, "type"> &
  Partial<Pick<Moment, "told" | "document" | "status" | "isDeleted" | "lock">>;

export class Model {
  readonly log: Moment[] = [];
  clock = Date.parse("2026-10-01T12:00:00.000Z");

  /** What is recorded next: that never runs backwards, whatever the clock does. */
  get nextTime(): number {
    return Math.max(this.clock, this.log.at(-1)?.time ?? 0);
  }

  get ids(): string[] {
    return [...new Set(this.log.map(({ id }) => id))];
  }

  of(id: string): Moment[] {
    return this.log.filter((moment) => moment.id === id);
  }

  current(id: string): Moment | undefined {
    return this.log.findLast((moment) => moment.id === id);
  }

  live(): Moment[] {
    return this.ids
      .flatMap((id) => this.current(id) ?? [])
      .filter((moment) => !moment.isDeleted)
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** What the list showed right after an event. */
  liveAt(position: number): Moment[] {
    const then = new Model();
    then.log.push(...this.log.slice(0, position));
    return then.live();
  }

  /** What comes of several writes in their order; nothing, when one of them is refused. */
  together(decisions: readonly (() => Moment)[]): readonly Moment[] {
    const made: Moment[] = [];
    try {
      for (const decide of decisions) {
        const moment = decide();
        made.push(moment);
        this.log.push(moment);
      }
      return made;
    } finally {
      this.log.splice(this.log.length - made.length);
    }
  }

  /** The bucket with that id, deleted or not, or with that name now. */
  find(identifier: string): Moment {
    const found =
      this.current(identifier) ??
      this.live().find(({ document }) => document["bucket_name"] === identifier);
    if (found === undefined) throw new Refused("NOT_FOUND");
    return found;
  }

  create(id: string, document: JsonObject, said: Said): Moment {
    this.#assertFree(document, id);
    return this.#next(undefined, id, { type: "bucket.created", document }, said);
  }

  /** Checks what every write needs, in the order of the contract; `decide` does the rest. */
  write(
    identifier: string,
    said: Said,
    accepts: "unlock" | "ending" | "restore" | "other",
    decide: (before: Moment) => Outcome,
  ): Moment {
    const before = this.find(identifier);
    if (before.isDeleted && accepts !== "restore") throw new Refused("NOT_FOUND");
    if (said.ifVersion !== undefined && said.ifVersion !== before.version) {
      throw new Refused("PRECONDITION_FAILED");
    }
    if (accepts !== "unlock" && isLocked(before, this.clock)) throw new Refused("BUCKET_LOCKED");
    if (accepts === "other" && before.status === "SUSPENDED") throw new Refused("BUCKET_LOCKED");
    const outcome = decide(before);
    this.#assertFree(outcome.document ?? before.document, before.id, outcome.isDeleted);
    return this.#next(before, before.id, outcome, said);
  }

  #assertFree({ bucket_name: name }: JsonObject, id: string, isDeleted = false): void {
    const holder = this.live().find(({ document }) => document["bucket_name"] === name);
    if (!isDeleted && holder !== undefined && holder.id !== id) throw new Refused("ALREADY_EXISTS");
  }

  #next(before: Moment | undefined, id: string, outcome: Outcome, said: Said): Moment {
    const time = this.nextTime;
    const document = outcome.document ?? before?.document ?? {};
    const isChanged = differences(before?.document ?? {}, document).length > 0;
    return {
      status: "ACTIVE",
      isDeleted: false,
      createdAt: time,
      lock: undefined,
      ...before,
      told: {},
      ...outcome,
      id,
      version: (before?.version ?? 0) + 1,
      position: this.log.length + 1,
      time,
      actor: said.actor,
      reason: said.reason,
      document,
      updatedAt: before === undefined || isChanged ? time : before.updatedAt,
    };
  }
}

export function isLocked({ lock }: Moment, time: number): boolean {
  return lock !== undefined && lock.until > time;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects are entered, arrays are not. */
export function differences(
  before: JsonObject,
  after: JsonObject,
  above: readonly string[] = [],
): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key): Difference[] => {
    const path = [...above, key];
    const was = memberOf(before, key);
    const value = memberOf(after, key);
    if (isObject(was) && isObject(value)) return differences(was, value, path);
    return isSame(was, value) ? [] : [{ path, was, value }];
  });
}

function memberOf(object: JsonObject, key: string): JsonValue | undefined {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

export function memberAt(document: JsonObject, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (value, key) => (isObject(value) ? memberOf(value, key) : undefined),
    document,
  );
}

/** The document with a member set, or removed; objects on the way are made. */
export function withValue(
  document: JsonObject,
  [key = "", ...rest]: readonly string[],
  value: JsonValue | undefined,
): JsonObject {
  const others = Object.entries(document).filter(([name]) => name !== key);
  const child = memberOf(document, key);
  const member = rest.length === 0 ? value : withValue(isObject(child) ? child : {}, rest, value);
  return Object.fromEntries(member === undefined ? others : [...others, [key, member]]);
}

/** RFC 7396, as its prose says it. */
export function merged(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  let result: JsonObject = isObject(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    const member = value === null ? undefined : merged(memberOf(result, key), value);
    result = withValue(result, [key], member);
  }
  return result;
}

export function pointerOf(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, b.length).every((key, index) => key === b[index]);
}

/** By pointer, the moment since which each leaf is as it is. */
export function blameOf(moments: readonly Moment[]): Map<string, Moment> {
  const last = moments.at(-1);
  return new Map(
    leavesOf(last?.document ?? {}).map((path) => {
      const value = memberAt(last?.document ?? {}, path);
      const other = moments.findLastIndex(
        ({ document }) => !isSame(memberAt(document, path), value),
      );
      const [since] = moments.slice(other + 1);
      if (since === undefined) throw new Error("nothing is to blame");
      return [pointerOf(path), since];
    }),
  );
}

function leavesOf(object: JsonObject, above: readonly string[] = []): string[][] {
  return Object.entries(object).flatMap(([key, value]) => {
    const path = [...above, key];
    return isObject(value) && Object.keys(value).length > 0 ? leavesOf(value, path) : [path];
  });
}

/** Equal but for the order of keys. */
function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return textOf(a) === textOf(b);
}

function textOf(value: JsonValue | undefined): string | undefined {
  return JSON.stringify(value, (_, item: JsonValue) =>
    isObject(item)
      ? Object.fromEntries(Object.entries(item).sort(([x], [y]) => (x < y ? -1 : 1)))
      : item,
  );
}
