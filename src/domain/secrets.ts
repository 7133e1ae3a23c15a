/**
 * Secrets in documents, and what stands in their place. In events and state a secret is a reference
 * (`sec_…`), in every answer the mask; the value lies encrypted in a table of its own (CONTRACT: source
 * adapters). Each kind says where in its document they are.
 */
import type { Change } from "./change.js";
import { invalidAt } from "./errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.js";
import { formatPointer, isWithin, type Pointer, parsePointer, valueAt } from "./pointer.js";

export const secretMask = "********";

export type LeafMapper = (leaf: JsonValue, pointer: Pointer) => JsonValue;

/** A place of a document that holds secrets alone. */
export interface SecretPlace {
  readonly at: Pointer;
  /** One secret, whatever it is; otherwise each value below that is no object is one. */
  readonly isOne: boolean;
  /** Below it, what is no secret. */
  readonly open?: readonly Pointer[];
}

/** Where the secrets of a kind are. Values are given with the pointer that they stand at. */
export class SecretPlaces {
  readonly #places: readonly SecretPlace[];

  constructor(places: readonly SecretPlace[]) {
    this.#places = places;
  }

  /** Maps every secret of a value. Null is none; an array is one. */
  map(value: JsonValue, pointer: Pointer, map: LeafMapper): JsonValue {
    if (value === null) return null;
    const place = this.#holding(pointer);
    if (place?.isOne === true) return map(value, pointer);
    if (!isJsonObject(value)) return place === undefined ? value : map(value, pointer);
    if (place === undefined && !this.#mayHold(value, pointer)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, this.map(member, [...pointer, key], map)]),
    );
  }

  /** The value with every secret masked: what an answer may show. */
  mask(value: JsonValue, pointer: Pointer = []): JsonValue {
    return this.map(value, pointer, () => secretMask);
  }

  /** The document with every secret masked. */
  maskDocument = (document: JsonObject): JsonObject => {
    const masked = this.mask(document);
    return isJsonObject(masked) ? masked : {};
  };

  /** The changes with every secret masked, old and new: what history may show. */
  maskChanges = (changes: readonly Change[]): readonly Change[] => {
    return changes.map((change) => {
      const pointer = parsePointer(change.path) ?? [];
      return this.reaches(pointer) ? this.#maskChange(change, pointer) : change;
    });
  };

  #maskChange(change: Change, pointer: Pointer): Change {
    switch (change.op) {
      case "add":
        return { ...change, value: this.mask(change.value, pointer) };
      case "remove":
        return { ...change, was: this.mask(change.was, pointer) };
      case "replace":
        return {
          ...change,
          value: this.mask(change.value, pointer),
          was: this.mask(change.was, pointer),
        };
    }
  }

  /** The references to secrets in a value. */
  references(value: JsonValue, pointer: Pointer = []): string[] {
    const references: string[] = [];
    this.map(value, pointer, (leaf) => {
      if (typeof leaf === "string") references.push(leaf);
      return leaf;
    });
    return references;
  }

  /** True for the pointer of a secret, of what may hold one, and of what is below one. */
  reaches(pointer: Pointer): boolean {
    return (
      this.#holding(pointer) !== undefined || this.#places.some(({ at }) => isWithin(at, pointer))
    );
  }

  /** Whether there is anything on the way to a place. */
  #mayHold(value: JsonObject, pointer: Pointer): boolean {
    return this.#places.some(({ at }) => {
      const next = at[pointer.length];
      return next !== undefined && Object.hasOwn(value, next) && isWithin(at, pointer);
    });
  }

  /** The place that the pointer is in, unless what is there is known to be no secret. */
  #holding(pointer: Pointer): SecretPlace | undefined {
    return this.#places.find(
      ({ at, open = [] }) =>
        isWithin(pointer, at) && !open.some((harmless) => isWithin(pointer, harmless)),
    );
  }

  /** True when the value at `pointer` is in the place of a secret, or holds one that is there. */
  isRead(document: JsonValue, pointer: Pointer): boolean {
    return (
      this.#holding(pointer) !== undefined ||
      this.#places.some(({ at }) => isWithin(at, pointer) && valueAt(document, at) !== undefined)
    );
  }

  /**
   * The document with every mask replaced by the reference that is stored.
   *
   * @param sealed the references of what this request sent.
   * @param missing the reference for a mask where nothing is stored.
   * @throws VALIDATION_FAILED for such a mask unless `missing` has one, and for a leaf that is neither
   * a mask nor a value sent in this request, such as one that a JSON Patch moved there.
   */
  resolve(
    document: JsonObject,
    before: JsonObject,
    sealed: readonly string[],
    missing: (pointer: Pointer) => string | undefined = () => undefined,
  ): JsonValue {
    const known = new Set<JsonValue>(sealed);
    return this.map(document, [], (leaf, pointer) => {
      const stored = valueAt(before, pointer);
      if (leaf === secretMask) {
        const reference = typeof stored === "string" ? stored : missing(pointer);
        if (reference === undefined) throw notStored(pointer);
        return reference;
      }
      if (known.has(leaf) || leaf === stored) return leaf;
      throw invalidAt(
        ["body", ...pointer],
        "secret_not_sent",
        "Send a secret as a value of its own: it cannot be moved or copied here.",
      );
    });
  }
}

function notStored(pointer: Pointer): Error {
  return invalidAt(
    ["body", ...pointer],
    "secret_not_stored",
    `The mask keeps a stored secret, and none is stored at ${formatPointer(pointer)}: send it.`,
  );
}
