/**
 * Units and commands as the service makes them, with ids and salts that are counted instead of
 * drawn: the same calls on a new builder give the same bytes.
 */
import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "../../src/domain/json.js";
import type { PatchMediaType } from "../../src/domain/patch-media-type.js";
import type { Precondition } from "../../src/domain/precondition.js";
import type { ResourceCommand } from "../../src/domain/resource.js";
import type {
  CommandResult,
  EventStore,
  Outcome,
  TargetedCommand,
  Unit,
} from "../../src/eventstore/store.js";

export const anyVersion: Precondition = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  isRequired: false,
};

/** The precondition that the current version is this one. */
export function ifMatch(...versions: number[]): Precondition {
  return { ...anyVersion, ifMatch: versions };
}

export function idempotencyKey(key: string, fingerprint = "f1"): Unit["idempotency"] {
  return { scope: "default:token", key, fingerprint };
}

const schema = { properties: { title: { type: "string" } } };
const noSecrets = { sealed: [], generated: "sec_unused" };

export class Units {
  #counter: number;

  /** @param made how many ids were made before, by another process on the same file. */
  constructor(made = 0) {
    this.#counter = made;
  }

  id(prefix: string): string {
    this.#counter += 1;
    return `${prefix}_${String(this.#counter).padStart(26, "0")}`;
  }

  #salt(): Uint8Array {
    return createHash("sha256").update(this.id("salt")).digest().subarray(0, 16);
  }

  command(
    target: TargetedCommand["target"],
    command: ResourceCommand,
    precondition: Precondition = anyVersion,
  ): TargetedCommand {
    return {
      target,
      command,
      operation: 0,
      precondition,
      secrets: [],
      eventId: this.id("evt"),
      salt: this.#salt(),
      metaSalt: this.#salt(),
    };
  }

  create(bucketName: string, fields: JsonObject = {}, id = this.id("bkt")): TargetedCommand {
    return this.command(
      { kind: "new", id },
      {
        type: "create_bucket",
        fields: { bucket_name: bucketName, bucket_schema: schema, ...fields },
        uniqueKey: undefined,
        secrets: noSecrets,
      },
    );
  }

  patch(
    identifier: string,
    patch: JsonValue,
    precondition?: Precondition,
    mediaType: PatchMediaType = "application/json",
  ): TargetedCommand {
    return this.command(
      { kind: "existing", identifier },
      { type: "patch_bucket", mediaType, patch, secrets: noSecrets },
      precondition,
    );
  }

  lock(identifier: string, expiresAt?: string, precondition?: Precondition): TargetedCommand {
    return this.command(
      { kind: "existing", identifier },
      { type: "lock_bucket", reason: "audit", expiresAt },
      precondition,
    );
  }

  unlock(identifier: string): TargetedCommand {
    return this.command({ kind: "existing", identifier }, { type: "unlock_bucket" });
  }

  /** A unit of the commands, each an operation. */
  of(commands: TargetedCommand | readonly TargetedCommand[], overrides: Partial<Unit> = {}): Unit {
    const all = "target" in commands ? [commands] : commands;
    return {
      namespace: "default",
      commands: all.map((command, operation) => ({ ...command, operation })),
      meta: { actor: "alice", request_id: this.id("req") },
      idempotency: undefined,
      transactionId: undefined,
      bytes: 100,
      ...overrides,
    };
  }
}

/** Commits one unit. */
export async function commitOne(events: EventStore, unit: Unit): Promise<Outcome> {
  return only(await events.commit([unit]));
}

/** Commits one unit that must be accepted; the result of its first command. */
export async function accept(events: EventStore, unit: Unit): Promise<CommandResult> {
  return committed(await commitOne(events, unit));
}

/** The result of the first command of a unit that must have been accepted. */
export function committed(outcome: Outcome | undefined): CommandResult {
  if (outcome?.kind === "refused") throw outcome.error;
  if (outcome?.kind !== "committed") throw new Error(`not committed but ${outcome?.kind}`);
  return only(outcome.results.slice(0, 1));
}

/** The kind of the outcome, or the code of the refusal. */
export function verdict(outcome: Outcome | undefined): string {
  return outcome?.kind === "refused" ? outcome.error.code : String(outcome?.kind);
}

/** The one item of a list that must have one. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (items.length !== 1 || item === undefined) throw new Error(`${items.length} items, not one`);
  return item;
}
