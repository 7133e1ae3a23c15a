/**
 * Signs the log and proves what is in it. It never signs two histories: what was shown to anybody lies
 * outside of the database, and the log must contain it before anything more is signed.
 */

import type {
  AnchorReport,
  AnchorResult,
  CheckpointAnswer,
  ConsistencyAnswer,
  EventProofOptions,
  ForkOptions,
  ForkReport,
  InclusionAnswer,
  LogAnswer,
  RotateOptions,
  RotationReport,
  ServedProofs,
  TilePlace,
} from "../../api/index.js";
import { BucketsError, invariant, isBucketsError } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { type HealthCheck, passes, warns } from "../../domain/health.js";
import { keptHourlyMs, keptWholeMs, superfluous } from "../../domain/log/checkpoint-thinning.js";
import { toHex } from "../../eventstore/codec.js";
import { zeroHash } from "../../eventstore/frame.js";
import { fullTiles, type LogTree, type SignedCheckpoint } from "../../eventstore/log-tree.js";
import type { EventStore, Head } from "../../eventstore/store.js";
import { consistencyProof, inclusionProof, tileWidth, treeRoot } from "../../eventstore/tree.js";
import { type Checkpoint, readCheckpoint, signCheckpoint } from "../../proofs/checkpoint.js";
import { encodeEventProof } from "../../proofs/event-proof.js";
import type { NoteSigner } from "../../proofs/note.js";
import type { OwnLog } from "../own-log.js";
import type { AnchorPlace } from "./anchors.js";
import { LogKeys } from "./log-keys.js";
import type { SigningKey } from "./signing-key.js";

const thinEveryMs = 60 * 60 * 1_000;
const overlapMsDefault = 30 * 24 * 60 * 60 * 1_000;

export interface ProofParts {
  readonly events: EventStore;
  readonly tree: LogTree;
  readonly signingKey: SigningKey;
  readonly log: OwnLog;
  /** What the operator calls the log, if anything. */
  readonly origin: string | undefined;
  readonly clock: () => number;
}

/** How large the log is, and the size that a question is about. */
interface Sized {
  readonly head: Head;
  readonly size: number;
}

export class LogProofs implements ServedProofs {
  readonly #parts: ProofParts;
  readonly #keys: LogKeys;
  #signing: Promise<CheckpointAnswer> | undefined;
  #rotating = false;
  #thinnedAt: number | undefined;

  constructor(parts: ProofParts) {
    this.#parts = parts;
    this.#keys = new LogKeys(parts);
  }

  async checkpoint({
    size,
  }: {
    readonly size?: number | undefined;
  } = {}): Promise<CheckpointAnswer> {
    if (size !== undefined) assertPlace("size", size);
    const found = await this.#parts.tree.checkpoint(size);
    if (found !== undefined) return this.#shown(found);
    throw new BucketsError(
      "NOT_FOUND",
      size === undefined
        ? "Nothing was signed yet: sign the log first."
        : `The log was not signed at ${size} events: ask without a size for its newest checkpoint.`,
      { resource: "checkpoint", ...(size !== undefined && { size }) },
    );
  }

  /** One that is asked for while another is made is the same. */
  sign(): Promise<CheckpointAnswer> {
    this.#signing ??= this.#sign().finally(() => {
      this.#signing = undefined;
    });
    return this.#signing;
  }

  async #sign(): Promise<CheckpointAnswer> {
    const { tree, signingKey, clock } = this.#parts;
    const { size, last } = await this.#signable();
    const origin = await this.#origin();
    const newest = await tree.checkpoint();
    const signers = await this.#signers();
    if (last !== undefined) await this.#keys.assertOwn(last, signers);
    this.#keys.keep(signers);
    if (newest?.size === size) return this.#shown(newest);
    const root = treeRoot(tree.hashes, size);
    const note = signCheckpoint({ origin, size, root }, signers);
    signingKey.keepNote(note);
    const signed = { size, root, signedAt: clock(), note };
    await tree.keepCheckpoint(signed);
    await this.#thin();
    return this.#shown(signed);
  }

  /** Once an hour: lets go of checkpoints that others of the same time stand for. */
  async #thin(): Promise<void> {
    const { tree, clock } = this.#parts;
    const now = clock();
    const last = this.#thinnedAt;
    if (last !== undefined && now - last < thinEveryMs) return;
    this.#thinnedAt = now;
    // What was older than that the last time is thinned already, in days that may have begun before.
    const from = last === undefined ? 0 : last - keptHourlyMs - 2 * keptWholeMs;
    const sizes = superfluous(await tree.unnoted(from, now - keptWholeMs), now);
    if (sizes.length > 0) await tree.forgetCheckpoints(sizes);
  }

  /** All of the log as it is now, also of what was recorded while another checkpoint was made. */
  async #signAnew(): Promise<CheckpointAnswer> {
    await this.#signing?.catch(() => {});
    return await this.sign();
  }

  /**
   * How much there is to sign, and what was shown last, once the log is known to contain it.
   * @throws FORKED, READ_ONLY
   */
  async #signable(): Promise<{ readonly size: number; readonly last: string | undefined }> {
    const { events, tree } = this.#parts;
    const { position: size } = await events.head();
    await tree.extend(size);
    const last = await this.#shownLast();
    if (last !== undefined) this.#assertContains(readCheckpoint(last), size, await this.#name());
    return { size, last };
  }

  /** Signs, and notes it in each place that has no receipt of that size. */
  async anchor(places: readonly AnchorPlace[]): Promise<AnchorReport> {
    const checkpoint = await this.sign();
    const noted = await this.#parts.tree.anchors(checkpoint.size);
    const anchors: AnchorResult[] = [];
    for (const place of places) {
      const isNoted = noted.some(
        ({ kind, name, ok }) => ok && kind === place.kind && name === place.name,
      );
      if (!isNoted) anchors.push(await this.#note(place, checkpoint));
    }
    return { checkpoint, anchors };
  }

  async #note(place: AnchorPlace, checkpoint: CheckpointAnswer): Promise<AnchorResult> {
    const { tree, clock } = this.#parts;
    const { kind, name } = place;
    const { size } = checkpoint;
    try {
      const receipt = await place.note(checkpoint);
      await tree.keepAnchor({ size, kind, name, at: clock(), ok: true, receipt });
      return { kind, name, ok: true };
    } catch (error) {
      await tree.keepAnchor({ size, kind, name, at: clock(), ok: false, receipt: null });
      const problem = error instanceof Error ? error.message : String(error);
      return { kind, name, ok: false, problem };
    }
  }

  /**
   * What the log signs with, also other notes than checkpoints.
   * @throws KEY_MISSING
   */
  async signer(): Promise<NoteSigner> {
    const [current] = await this.#signers();
    invariant(current !== undefined, "a log without a key is KEY_MISSING");
    return current;
  }

  async #signers(): Promise<readonly NoteSigner[]> {
    const { tree, signingKey } = this.#parts;
    const hasSigned =
      (await tree.checkpoint()) !== undefined || signingKey.lastNote() !== undefined;
    return await this.#keys.signers(await this.#name(), !hasSigned);
  }

  /**
   * Has the log sign with another key. The old one signs all of before, and then along for the
   * overlap; one that others may have signs nothing more. The event is in the next checkpoint, so that
   * whoever has the old key can check the new one by it.
   *
   * @throws CONFLICT while nothing was signed, or another change is under way; KEY_MISSING, FORKED,
   * READ_ONLY; BAD_REQUEST where keys are configured and there is no new one
   */
  async rotate({
    overlapMs = overlapMsDefault,
    isCompromised = false,
    reason = isCompromised ? "the signing key is compromised" : "the signing key is changed",
  }: RotateOptions): Promise<RotationReport> {
    if (this.#rotating) throw new BucketsError("CONFLICT", "The signing key is being changed.");
    this.#rotating = true;
    try {
      const { last } = await this.#signable();
      const shown = last ?? (await this.#parts.tree.checkpoint())?.note;
      if (shown === undefined) {
        throw new BucketsError("CONFLICT", "Nothing was signed yet: there is no key to change.");
      }
      const newest = isCompromised ? shown : (await this.#signAnew()).note;
      const name = await this.#name();
      const overlap = isCompromised ? undefined : overlapMs;
      const rotation = await this.#keys.successor(name, newest, overlap);
      const position = await this.#parts.log.record({ type: "rotate_key", rotation }, reason);
      const checkpoint = await this.#signAnew();
      const proof = await this.event(position, { disclose: ["body"] });
      return { ...rotation, checkpoint, proof };
    } finally {
      this.#rotating = false;
    }
  }

  /** What happened to the log as a whole. */
  async log(): Promise<LogAnswer> {
    const { tree, log } = this.#parts;
    const { logId } = await tree.identity();
    return { log_id: logId, origin: await this.#name(), ...(await log.document()) };
  }

  /**
   * A checkpoint of all of the log; of what was signed of it, where nothing can be written.
   * @throws NOT_FOUND when it was never signed there; what `sign` does.
   */
  async toExport(): Promise<SignedCheckpoint> {
    const { events, tree } = this.#parts;
    const newest = await tree.checkpoint();
    if (newest?.size === (await events.head()).position) return newest;
    try {
      const { size } = await this.sign();
      const signed = await tree.checkpoint(size);
      invariant(signed !== undefined, `the checkpoint of ${size} events was not kept`);
      return signed;
    } catch (error) {
      if (!isBucketsError(error) || error.code !== "READ_ONLY") throw error;
      if (newest !== undefined) return newest;
      throw new BucketsError(
        "NOT_FOUND",
        "Nothing was signed yet, and a store that is open for reading signs nothing: have whoever " +
          "writes to it sign it (POST /v1/admin/checkpoints, bucketlog checkpoint --sign).",
        { resource: "checkpoint" },
        error,
      );
    }
  }

  /**
   * Gives a log that does not contain what it has signed a name of its own, under which it signs from
   * now on: there are never two histories of one name. The key takes it first and the log second, so
   * that nothing is signed unless both have.
   *
   * @throws CONFLICT when it contains all that it has signed; READ_ONLY; BAD_REQUEST for a configured
   * key of another name
   */
  async fork({ reason }: ForkOptions): Promise<ForkReport> {
    const { events, tree, log, signingKey } = this.#parts;
    const { position } = await events.head();
    await tree.extend(position);
    const note = await this.#shownLast();
    if (note === undefined) throw nothingToFork("it has signed nothing that is missing");
    const { origin, size, root } = readCheckpoint(note);
    if (this.#contains({ origin, size, root }, position, await this.#name())) {
      throw nothingToFork(`it contains the ${size} events that it has signed`);
    }
    const fork = { origin_before: origin, origin: nextName(origin), size, root: toHex(root), note };
    signingKey.takeName(fork.origin);
    await log.record({ type: "fork_log", fork }, reason);
    const checkpoint = await this.#signAnew();
    const { verifier } = await this.signer();
    return { origin_before: origin, key: verifier.vkey, checkpoint };
  }

  /** How it is with what was signed. */
  async check(): Promise<HealthCheck> {
    try {
      const last = await this.#shownLast();
      if (last === undefined) return passes("proofs", "it has signed nothing that is missing");
      const { position } = await this.#parts.events.head();
      const signed = readCheckpoint(last);
      this.#assertContains(signed, position, await this.#name());
      return passes("proofs", `it contains the ${signed.size} events that it has signed`);
    } catch (error) {
      if (isBucketsError(error) && error.code === "FORKED") {
        return warns("proofs", `forked: ${error.message}`);
      }
      // Damage is for verify to tell; how the rest is, is still to be told.
      const why = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
      return warns("proofs", `what was signed cannot be read${why}`);
    }
  }

  /** The last note that was shown, unless the log says that it is not of that history any more. */
  async #shownLast(): Promise<string | undefined> {
    const last = this.#parts.signingKey.lastNote();
    if (last === undefined) return undefined;
    const { forks } = await this.#parts.log.document();
    return forks.some(({ note }) => note === last) ? undefined : last;
  }

  #contains(signed: Checkpoint, size: number, name: string): boolean {
    return (
      signed.origin === name &&
      signed.size <= size &&
      toHex(treeRoot(this.#parts.tree.hashes, signed.size)) === toHex(signed.root)
    );
  }

  /** @throws FORKED when the log is not the one that was signed. */
  #assertContains(signed: Checkpoint, size: number, name: string): void {
    if (this.#contains(signed, size, name)) return;
    throw new BucketsError(
      "FORKED",
      `The log has ${size} events and is not the one that was signed at ${signed.size}: it was ` +
        "rolled back, or another was put in its place. Nothing is signed until it goes on under " +
        "another name (bucketlog fork-log), or the one that was signed is back.",
      { size, signed_size: signed.size, signed_root: toHex(signed.root) },
    );
  }

  /** From now on the one name of this history. */
  async #origin(): Promise<string> {
    const { tree } = this.#parts;
    const name = await this.#name();
    if ((await tree.identity()).origin !== name) await tree.takeOrigin(name);
    return name;
  }

  async #name(): Promise<string> {
    const { tree, log, origin } = this.#parts;
    const fork = (await log.document()).forks.at(-1);
    if (fork !== undefined) return fork.origin;
    const identity = await tree.identity();
    return identity.origin ?? origin ?? `bucketlog.local/${identity.logId}`;
  }

  async inclusion({
    position,
    size: asked,
  }: {
    readonly position: number;
    readonly size?: number | undefined;
  }): Promise<InclusionAnswer> {
    assertPlace("position", position);
    const { tree } = this.#parts;
    const { head, size } = await this.#sized(asked, position);
    assertWithin("position", position, head);
    if (position > size) throw beyond("position", position, "size", size);
    const index = position - 1;
    const [leaf] = tree.hashes.at(0, index, 1);
    const signed = await tree.checkpoint(size);
    return {
      position,
      index,
      size,
      leaf: toHex(leaf ?? new Uint8Array()),
      root: toHex(signed?.root ?? treeRoot(tree.hashes, size)),
      hashes: inclusionProof(tree.hashes, index, size).map(toHex),
      ...(signed !== undefined && { checkpoint: signed.note }),
    };
  }

  async consistency({
    from,
    to,
  }: {
    readonly from: number;
    readonly to: number;
  }): Promise<ConsistencyAnswer> {
    assertPlace("from", from);
    assertPlace("to", to);
    if (from > to) throw beyond("from", from, "to", to);
    assertWithin("to", to, await this.#parts.events.head());
    const { hashes } = this.#parts.tree;
    return {
      from,
      to,
      from_root: toHex(treeRoot(hashes, from)),
      to_root: toHex(treeRoot(hashes, to)),
      hashes: consistencyProof(hashes, from, to).map(toHex),
    };
  }

  async tile(place: TilePlace): Promise<Uint8Array> {
    const { level, index, width } = place;
    await this.#assertSigned(place);
    return Buffer.concat(this.#parts.tree.hashes.at(level, index * tileWidth, width));
  }

  async tileEntries({ index, width }: Omit<TilePlace, "level">): Promise<Uint8Array> {
    await this.#assertSigned({ level: 0, index, width });
    const entries = await this.#parts.tree.entries(index * tileWidth, width);
    return Buffer.concat(entries.flatMap((entry) => [Uint8Array.of(0, entry.length), entry]));
  }

  /** What was never signed may still be lost with the end of the log, and tiles are kept for ever. */
  async #assertSigned({ level, index, width }: TilePlace): Promise<void> {
    const size = (await this.#parts.tree.checkpoint())?.size ?? 0;
    const there = fullTiles(size, level);
    if (index * tileWidth + width <= there) return;
    throw new BucketsError(
      "NOT_FOUND",
      `The tile is not in the ${size} events of the newest checkpoint: level ${level} has ${there} hashes.`,
      { resource: "tile", size },
    );
  }

  async event(
    position: number,
    { disclose = [], withPrevious = false, size }: EventProofOptions = {},
  ): Promise<string> {
    assertPlace("position", position);
    if (size !== undefined) assertPlace("size", size);
    const { events, tree } = this.#parts;
    const signed = await tree.checkpoint(size);
    if (signed === undefined || signed.size < position) throw unsigned(position, size);
    const [event] = await events.readLog(position - 1, 1);
    const [before] = position === 1 ? [] : await tree.entries(position - 2, 1);
    invariant(event !== undefined, `the log has lost position ${position}`);
    return encodeEventProof({
      event: {
        ...event,
        ...(!disclose.includes("body") && { body: null, salt: null }),
        ...(!disclose.includes("meta") && { meta: null, metaSalt: null }),
      },
      previousHash: before ?? zeroHash,
      path: inclusionProof(tree.hashes, position - 1, signed.size),
      ...(withPrevious && {
        previousPath: before && inclusionProof(tree.hashes, position - 2, signed.size),
      }),
      checkpoint: signed.note,
    });
  }

  async #sized(asked: number | undefined, position: number): Promise<Sized> {
    const head = await this.#parts.events.head();
    if (asked !== undefined) {
      assertPlace("size", asked);
      assertWithin("size", asked, head);
      return { head, size: asked };
    }
    const newest = await this.#parts.tree.checkpoint();
    const isSigned = newest !== undefined && newest.size >= position;
    return { head, size: isSigned ? newest.size : head.position };
  }

  #shown({ size, root, signedAt, note }: SignedCheckpoint): CheckpointAnswer {
    return {
      origin: readCheckpoint(note).origin,
      size,
      root: toHex(root),
      signed_at: formatTime(signedAt),
      note,
      cosigned_by: [],
    };
  }
}

/** @throws BAD_REQUEST for what is no place in a log. */
function assertPlace(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new BucketsError("BAD_REQUEST", `${name} is a whole number from 1 on; this is ${value}.`);
}

/** @throws NOT_FOUND beyond the head. */
function assertWithin(name: string, value: number, { position }: Head): void {
  if (value <= position) return;
  throw new BucketsError(
    "NOT_FOUND",
    `${name} ${value} is beyond the head of the log, which is ${position}.`,
    { resource: "event", head: position },
  );
}

/** `~2`, and so on: no name is ever taken again. */
function nextName(origin: string): string {
  const [, name = origin, count = "1"] = /^(.*)~(\d+)$/.exec(origin) ?? [];
  return `${name}~${Number(count) + 1}`;
}

function nothingToFork(why: string): BucketsError {
  return new BucketsError("CONFLICT", `The log goes on under its own name: ${why}.`);
}

function unsigned(position: number, size: number | undefined): BucketsError {
  const which = size === undefined ? "the newest checkpoint" : `a checkpoint of ${size} events`;
  return new BucketsError(
    "NOT_FOUND",
    `Position ${position} is not in ${which}: sign the log, then ask again.`,
    { resource: "checkpoint", position, ...(size !== undefined && { size }) },
  );
}

function beyond(name: string, value: number, other: string, bound: number): BucketsError {
  return new BucketsError("BAD_REQUEST", `${name} ${value} is beyond ${other} ${bound}.`);
}
