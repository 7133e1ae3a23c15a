/**
 * The audit of reads: while it is on, every read over HTTP leaves a row. Rows are written in batches
 * beside the reads, a quarter of a second late at most: what is lost with the process is what was read
 * in that time. Where they cannot be written, nothing is read.
 */
import {
  type AuditSettings,
  AuditSettingsRequest,
  type ReadTracker,
  type TrackedRead,
} from "../api/index.js";
import { accessedAs } from "../domain/audit-names.js";
import type { Change } from "../domain/change.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { organizationId } from "../domain/organization.js";
import { parseBody } from "../domain/schemas.js";
import type {
  AuditedRead,
  ReadAuditing,
  ReadFilter,
  ReadRow,
  ReadTable,
} from "../eventstore/read-table.js";
import type { EventStore } from "../eventstore/store.js";
import { clearTimeout, nextTurn, setTimeout } from "../timers.js";
import type { KnownCaller } from "./asker.js";
import { formerKeyReference, type ReadMacs } from "./keys/read-macs.js";
import type { Vault } from "./keys/vault.js";

const flushAfterMs = 250;
const flushAtRows = 50;
/** So many may wait to be written before reads wait for them. */
const pendingRowsMax = 10_000;
const dayMs = 24 * 60 * 60 * 1_000;
const sliceRows = 1_000;

export const readAuditDaysDefault = 90;

interface ReadAuditParts {
  readonly reads: ReadTable;
  readonly macs: ReadMacs;
  readonly events: Pick<EventStore, "secret">;
  readonly vault: Vault;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  readonly isReadOnly: boolean;
  /** How long rows are kept, in days. */
  readonly days: number;
}

/** What verifying found: how many rows, and the first fault. */
interface CheckedReads {
  readonly checked: number;
  readonly problem?: string;
}

export class ReadAudit implements ReadTracker {
  readonly #parts: ReadAuditParts;
  #auditing: Omit<ReadAuditing, "keyId" | "mac"> = { isEnabled: false, first: 1, last: 0 };
  #pending: AuditedRead[] = [];
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(parts: ReadAuditParts) {
    this.#parts = parts;
  }

  static async open(parts: ReadAuditParts): Promise<ReadAudit> {
    const audit = new ReadAudit(parts);
    await audit.#load();
    return audit;
  }

  get isOn(): boolean {
    return this.#auditing.isEnabled;
  }

  find(filter: ReadFilter, limit: number, before?: number): Promise<readonly ReadRow[]> {
    return this.#parts.reads.find(filter, limit, before);
  }

  count(filter: ReadFilter): Promise<number> {
    return this.#parts.reads.count(filter);
  }

  async #load(): Promise<void> {
    const { isEnabled, first, last } = (await this.#parts.reads.auditing()) ?? this.#auditing;
    this.#auditing = { isEnabled, first, last };
  }

  /**
   * Whether a read that is about to be answered is to be recorded.
   * @throws READ_ONLY, KEY_MISSING, STORAGE_FULL where it could not be.
   */
  async begin(): Promise<boolean> {
    // Another process may have turned it on.
    if (this.#parts.isReadOnly) await this.#load();
    if (!this.#auditing.isEnabled) return false;
    if (this.#parts.isReadOnly) {
      throw new BucketsError(
        "READ_ONLY",
        "This store audits reads, and is open for reading alone: ask the server that writes to it.",
      );
    }
    void this.#parts.macs.keyId;
    if (this.#pending.length >= pendingRowsMax) await this.settle();
    return true;
  }

  record({ namespace, resourceType, resourceId, ...read }: TrackedRead): void {
    this.#add({
      namespace: namespace ?? null,
      ...accessedAs(resourceType),
      resourceId,
      actor: read.actor,
      changes: "[]",
      remoteAddress: read.remoteAddress ?? null,
      userAgent: read.userAgent ?? null,
    });
    if (this.#pending.length >= flushAtRows) this.#flushBeside();
    this.#timer ??= setTimeout(() => this.#flushBeside(), flushAfterMs).unref();
  }

  #add(row: Omit<AuditedRead, "auditId" | "recordedAt">): void {
    const { newId, clock } = this.#parts;
    this.#pending.push({ auditId: newId("read"), recordedAt: clock(), ...row });
  }

  #flushBeside(): void {
    // What failed is tried again by the next, and reads wait for it once too much does.
    this.settle().catch(() => {});
  }

  /** Resolves once everything that was read is written. @throws what writing it throws. */
  settle(): Promise<void> {
    return this.#next(async () => {
      if (this.#pending.length > 0) await this.#write(this.#auditing.isEnabled);
    });
  }

  /** One after the other, whatever became of those before. */
  #next(work: () => Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const running = this.#running.catch(() => {}).then(work);
    this.#running = running;
    // Who waits for it learns of it.
    running.catch(() => {});
    return running;
  }

  async #write(isEnabled: boolean): Promise<void> {
    const { reads, macs, clock, days } = this.#parts;
    const taken = this.#pending;
    this.#pending = [];
    try {
      const { last } = this.#auditing;
      const rows = taken.map((row, index) => macs.sealRow({ ...row, sequence: last + index + 1 }));
      const kept = await reads.firstSince(clock() - days * dayMs);
      const first = Math.max(this.#auditing.first, kept ?? last + 1);
      const auditing = { isEnabled, first, last: last + rows.length };
      await reads.put(macs.sealAuditing(auditing), rows);
      this.#auditing = auditing;
    } catch (error) {
      this.#pending = [...taken, ...this.#pending];
      throw error;
    }
  }

  async settings(caller: KnownCaller): Promise<AuditSettings> {
    this.#assertOpen(caller);
    if (this.#parts.isReadOnly) await this.#load();
    return { read_auditing_enabled: this.#auditing.isEnabled };
  }

  async patchSettings(body: unknown, caller: KnownCaller): Promise<AuditSettings> {
    this.#assertOpen(caller);
    const { read_auditing_enabled: wanted } = parseBody(AuditSettingsRequest, toJson(body ?? {}));
    return await this.#set(wanted ?? this.#auditing.isEnabled, caller);
  }

  #assertOpen({ opens }: KnownCaller): void {
    if (opens === undefined) return;
    throw new BucketsError("FORBIDDEN", "Your token does not open the whole store.", {
      namespaces: opens,
    });
  }

  async #set(isEnabled: boolean, caller: KnownCaller): Promise<AuditSettings> {
    if (this.#parts.isReadOnly) {
      throw new BucketsError("READ_ONLY", "This store is open for reading alone.");
    }
    await this.#next(async () => {
      const was = this.#auditing.isEnabled;
      if (was === isEnabled) return;
      const path = "/read_auditing_enabled";
      const changes: Change[] = [{ op: "replace", path, value: isEnabled, was }];
      this.#add({
        namespace: null,
        resourceType: "organization",
        resourceId: organizationId,
        action: "organization_updated",
        actor: caller.actor,
        changes: JSON.stringify(changes),
        remoteAddress: caller.remoteAddress ?? null,
        userAgent: caller.userAgent ?? null,
      });
      await this.#write(isEnabled);
    });
    return { read_auditing_enabled: this.#auditing.isEnabled };
  }

  /** Looks at every row, up to the first that is not as it was written. */
  async verify(onSlice: () => void): Promise<CheckedReads> {
    const { reads } = this.#parts;
    if (!this.#parts.isReadOnly) await this.settle();
    const auditing = await reads.auditing();
    if (auditing === undefined) {
      const [row] = await reads.after(0, 1);
      if (row === undefined) return { checked: 0 };
      return { checked: 0, problem: "it has rows, and what tells which there must be is gone" };
    }
    try {
      return await this.#verifyRows(auditing, onSlice);
    } catch (error) {
      if (!isBucketsError(error) || error.code !== "KEY_MISSING") throw error;
      return { checked: 0, problem: "nothing can be checked without the key of the secrets" };
    }
  }

  async #verifyRows(auditing: ReadAuditing, onSlice: () => void): Promise<CheckedReads> {
    const { reads, macs } = this.#parts;
    const keys = new FormerKeys(this.#parts);
    const { first, last } = auditing;
    if (!macs.isAuditing(auditing, await keys.of(auditing.keyId))) {
      return { checked: 0, problem: "what tells which rows there must be was altered" };
    }
    let next = first;
    const found = (what: string) => ({ checked: next - first, problem: `the row ${next} ${what}` });
    while (next <= last) {
      const rows = await reads.after(next - 1, Math.min(sliceRows, last - next + 1));
      if (rows[0]?.sequence !== next) {
        const forgotten = await this.#firstKept();
        if (forgotten <= next) return found("is gone");
        next = forgotten;
        continue;
      }
      for (const row of rows) {
        if (row.sequence !== next) break;
        if (!macs.isRow(row, await keys.of(row.keyId))) return found("was altered");
        next += 1;
      }
      onSlice();
      await nextTurn();
    }
    return { checked: next - first };
  }

  /** Another process may have forgotten rows whose time was over since they were begun to be checked. */
  async #firstKept(): Promise<number> {
    return (await this.#parts.reads.auditing())?.first ?? 0;
  }

  /** Writes what is still to be written. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#parts.isReadOnly) await this.settle();
  }
}

/** The derived keys of secret keys of before, each opened once. */
class FormerKeys {
  readonly #parts: Pick<ReadAuditParts, "macs" | "events" | "vault">;
  readonly #opened = new Map<string, Uint8Array | undefined>();

  constructor(parts: Pick<ReadAuditParts, "macs" | "events" | "vault">) {
    this.#parts = parts;
  }

  /** Undefined for that of now, and for one that nobody has any more. */
  async of(keyId: string): Promise<Uint8Array | undefined> {
    if (keyId === this.#parts.macs.keyId) return undefined;
    if (!this.#opened.has(keyId)) this.#opened.set(keyId, await this.#open(keyId));
    return this.#opened.get(keyId);
  }

  async #open(keyId: string): Promise<Uint8Array | undefined> {
    const { events, vault } = this.#parts;
    const sealed = await events.secret(formerKeyReference(keyId));
    const key: JsonValue = sealed === undefined ? null : vault.open(sealed);
    return typeof key === "string" ? Buffer.from(key, "hex") : undefined;
  }
}
