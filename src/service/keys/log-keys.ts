/** Which keys sign for the log: the log itself says so, since its keys can change. */
import { BucketsError } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import type { KeyRotation } from "../../domain/log/events.js";
import { openCheckpoint } from "../../proofs/checkpoint.js";
import { type NoteSigner, parseNote, parseVerifier } from "../../proofs/note.js";
import type { OwnLog } from "../own-log.js";
import { assertOfOrigin, type SigningKey } from "./signing-key.js";

/** How the keys of one name changed. */
interface NamedKeys {
  readonly name: string;
  readonly rotations: readonly KeyRotation[];
}

export class LogKeys {
  readonly #signingKey: SigningKey;
  readonly #log: OwnLog;
  readonly #clock: () => number;

  constructor(parts: {
    readonly signingKey: SigningKey;
    readonly log: OwnLog;
    readonly clock: () => number;
  }) {
    this.#signingKey = parts.signingKey;
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  /**
   * The current one first, then those before it that still sign along.
   * @param mayMake whether nothing was signed before: only then is a key made.
   * @throws BAD_REQUEST for a key of another name; KEY_MISSING
   */
  async signers(name: string, mayMake: boolean): Promise<readonly NoteSigner[]> {
    const named = await this.#named(name);
    const there = this.#signingKey.keys();
    const [first] = there;
    if (first === undefined && mayMake) return [this.#signingKey.make(name)];
    const current = this.#current(named, there);
    if (current === undefined) {
      if (first !== undefined) assertOfOrigin(first, name);
      throw this.#missing();
    }
    return [current, ...this.#along(named, there)];
  }

  /** Lets go of keys that sign nothing any more. */
  keep(signers: readonly NoteSigner[]): void {
    this.#signingKey.keep(signers);
  }

  /**
   * Another key for the log to go on with. It is safe before the log knows of it.
   * @param last the last note that was signed. @param overlapMs undefined for a key that others may have.
   * @throws KEY_MISSING for one that is lost, unless it is given up; BAD_REQUEST
   */
  async successor(name: string, last: string, overlapMs: number | undefined): Promise<KeyRotation> {
    const named = await this.#named(name);
    const there = this.#signingKey.keys();
    const old = this.#current(named, there);
    const isCompromised = overlapMs === undefined;
    if (old === undefined && !isCompromised) throw this.#missing();
    const isOurs = old !== undefined && signedBy(last, name).includes(idOf(old.verifier.vkey));
    const fresh = this.#signingKey.next(name, isOurs ? old : undefined);
    assertOfOrigin(fresh, name);
    const lost = named.rotations.at(-1)?.new_vkey ?? signedBy(last, name)[0] ?? name;
    return {
      old_vkey: isOurs ? old.verifier.vkey : lost,
      new_vkey: fresh.verifier.vkey,
      is_compromised: isCompromised,
      overlap_until: isCompromised ? null : formatTime(this.#clock() + overlapMs),
    };
  }

  /** @throws PROOF_INVALID when the note is by none of the keys that the log ever had. */
  async assertOwn(note: string, signers: readonly NoteSigner[]): Promise<void> {
    const { name, rotations } = await this.#named(signers[0]?.verifier.name ?? "");
    const lost = rotations.map(({ old_vkey: vkey }) => vkey).filter((vkey) => idOf(vkey) === vkey);
    // Of a key that was lost nothing is left to check its signature with.
    if (signedBy(note, name).some((id) => lost.includes(id))) return;
    const earlier = rotations
      .flatMap(({ old_vkey, new_vkey }) => [old_vkey, new_vkey])
      .filter((vkey) => !lost.includes(vkey));
    openCheckpoint(note, [
      ...signers.map(({ verifier }) => verifier),
      ...earlier.map(parseVerifier),
    ]);
  }

  async #named(name: string): Promise<NamedKeys> {
    const { key_rotations: all } = await this.#log.document();
    return { name, rotations: all.filter(({ new_vkey }) => nameOf(new_vkey) === name) };
  }

  #current({ name, rotations }: NamedKeys, there: readonly NoteSigner[]): NoteSigner | undefined {
    const own = there.filter(({ verifier }) => verifier.name === name);
    const last = rotations.at(-1);
    // One that the log does not know of yet stands before the one that signs.
    if (last === undefined) return own.at(-1);
    return own.find(({ verifier }) => verifier.vkey === last.new_vkey);
  }

  #along({ rotations }: NamedKeys, there: readonly NoteSigner[]): readonly NoteSigner[] {
    const since = rotations.findLastIndex(({ is_compromised }) => is_compromised) + 1;
    const now = this.#clock();
    const overlapping = rotations
      .slice(since)
      .filter(({ overlap_until: until }) => until !== null && now < Date.parse(until))
      .map(({ old_vkey }) => old_vkey);
    return there.filter(({ verifier }) => overlapping.includes(verifier.vkey));
  }

  #missing(): BucketsError {
    const { place } = this.#signingKey;
    return new BucketsError(
      "KEY_MISSING",
      `${place} is gone, and the log has signed with it: bring it back, or give it in ` +
        "BUCKETLOG_SIGNING_KEY. Of a key that is lost: bucketlog sign rotate --compromised.",
      { file: place },
    );
  }
}

/** By whom of that name, as `<name>+<id>`. */
function signedBy(note: string, name: string): readonly string[] {
  return parseNote(note)
    .signatures.filter((signature) => signature.name === name)
    .map(({ id }) => `${name}+${id}`);
}

/** A key without what it checks with. */
function idOf(vkey: string): string {
  return vkey.split("+").slice(0, 2).join("+");
}

function nameOf(vkey: string): string {
  return vkey.split("+")[0] ?? "";
}
