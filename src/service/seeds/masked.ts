/** What histories show in the place of secrets is no secret: it is left out of what is sent. */
import type { Change } from "../../domain/change.js";
import { isJsonObject, type JsonValue } from "../../domain/json.js";
import { type Pointer, parsePointer } from "../../domain/pointer.js";
import { type SecretPlaces, secretMask } from "../../domain/secrets.js";

export interface Unmasked {
  readonly changes: readonly Change[];
  /** How many secrets they would have set. */
  readonly masks: number;
}

/** The changes without those of secrets, and without the secrets in what else they set. */
export function withoutMasks(places: SecretPlaces, changes: readonly Change[]): Unmasked {
  let masks = 0;
  const left = (value: JsonValue, pointer: Pointer): JsonValue | undefined => {
    if (!places.reaches(pointer)) return value;
    if (value === secretMask) {
      masks += 1;
      return undefined;
    }
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
        const kept = left(member, [...pointer, key]);
        return kept === undefined ? [] : [[key, kept]];
      }),
    );
  };
  const kept = changes.flatMap((change): Change[] => {
    const pointer = parsePointer(change.path) ?? [];
    if (change.op === "remove") {
      return places.reaches(pointer) && change.was === secretMask ? [] : [change];
    }
    const value = left(change.value, pointer);
    return value === undefined ? [] : [{ ...change, value }];
  });
  return { changes: kept, masks };
}
