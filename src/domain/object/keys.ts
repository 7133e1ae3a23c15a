/**
 * The unique key of an object: what it is, who holds it, and what is done when it is taken
 * (CONTRACT: objects). The key is kept in the object's own events, and no schema change can drop or
 * retype its fields (`bucket-schema.ts`), so that no key is ever stranded.
 */
import type { UniqueKey } from "../bucket/bucket-schema.js";
import { type Policy, policies } from "../bucket/choices.js";
import { type BucketState, schemaOf } from "../bucket/state.js";
import { BucketsError, type ValidationIssue, validationFailed } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import { limits } from "../limits.js";
import type { Reservation } from "../reservation.js";
import { isNameText } from "../schemas.js";
import type { ObjectCommand, SourceRow } from "./commands.js";
import { withRootDefaults } from "./fields.js";
import { isUserField } from "./own-fields.js";
import type { ObjectState } from "./state.js";

/**
 * The key of a document as one text, the same for equal values and for no others: JSON of the
 * values by field, whatever the order of the fields. `1` and `"1"` differ, `1` and `1.0` are the
 * one number that JSON has; texts are compared exactly. Undefined without a unique key.
 *
 * @throws VALIDATION_FAILED at each field whose value is no key.
 */
export function objectKey(
  uniqueKey: UniqueKey | undefined,
  document: JsonObject,
): string | undefined {
  if (uniqueKey === undefined) return undefined;
  const issues = uniqueKey.fields.flatMap((field) => keyIssue(field, keyValue(document, field)));
  if (issues.length > 0) throw validationFailed(issues);
  return keyText(uniqueKey, document);
}

function keyText({ fields }: UniqueKey, document: JsonObject): string {
  const values = [...fields].sort().map((field) => [field, keyValue(document, field)]);
  return JSON.stringify(Object.fromEntries(values));
}

/** From the root, where a null is absence, else from `metadata`. */
function keyValue(document: JsonObject, field: string): JsonValue {
  const value = isUserField(field) ? (ownValue(document, field) ?? null) : null;
  if (value !== null) return value;
  const metadata = ownValue(document, "metadata");
  return (isJsonObject(metadata) ? ownValue(metadata, field) : undefined) ?? null;
}

function keyIssue(field: string, value: JsonValue): ValidationIssue[] {
  const fix = keyFault(value);
  if (fix === undefined) return [];
  const message = `The unique key of the bucket uses "${field}": ${fix}.`;
  return [{ type: "unique_key_value", location: ["body", field], message }];
}

function keyFault(value: JsonValue): string | undefined {
  if (value === null || value === "") return "send a value that is neither null nor empty";
  if (typeof value === "object") return "send a single value, no array or object";
  if (typeof value !== "string") return undefined;
  if (!isNameText(value)) return "leave control characters out";
  const isTooLong = [...value].length > limits.uniqueValueLengthMax;
  return isTooLong ? `keep it within ${limits.uniqueValueLengthMax} characters` : undefined;
}

export function objectKeyScope(bucketId: string): string {
  return `object_key:${bucketId}`;
}

/** What an object of a source is about: for buckets without a unique key. */
function identityScope(bucketId: string): string {
  return `object_identity:${bucketId}`;
}

/** What an object keeps for itself: its key in its bucket, until it is deleted. */
export function objectReservations(state: ObjectState): readonly Reservation[] {
  const { deleted, unique_key_value, source, bucket_id: bucketId } = state;
  if (deleted !== undefined) return [];
  const { identity } = source ?? {};
  return [
    ...(unique_key_value === undefined
      ? []
      : [{ scope: objectKeyScope(bucketId), key: unique_key_value }]),
    ...(identity === undefined ? [] : [{ scope: identityScope(bucketId), key: identity }]),
  ];
}

/**
 * The reservations whose holder a command is about: what its thing was known by before, then what it
 * is known by now. None where there is nothing to be known by, and for values that make no key: the
 * decider then says what is wrong with them, after all that goes first.
 */
export function objectHolderKeys(
  command: ObjectCommand,
  owner: BucketState,
): readonly Reservation[] {
  switch (command.type) {
    case "create_object": {
      const current = {
        identity: command.source?.identity,
        fields: keyFields(command.fields, owner),
      };
      return [...rowHolderKeys(command.former, owner), ...rowHolderKeys(current, owner)];
    }
    case "remove_object":
      return rowHolderKeys(command.former, owner);
    default:
      return [];
  }
}

/** What an object with these fields would keep, in a bucket with a unique key. */
export function keyHolderKeys(fields: JsonObject, owner: BucketState): readonly Reservation[] {
  return rowHolderKeys({ identity: undefined, fields: keyFields(fields, owner) }, owner);
}

/** A key is made of what is at the root, where it may be a default. */
function keyFields(fields: JsonObject, { unique_key, document }: BucketState): JsonObject {
  return unique_key === undefined ? fields : withRootDefaults(schemaOf(document), fields);
}

function rowHolderKeys(
  row: SourceRow | undefined,
  { bucket_id, unique_key }: BucketState,
): readonly Reservation[] {
  if (row === undefined) return [];
  const { identity, fields } = row;
  if (unique_key === undefined) {
    return identity === undefined ? [] : [{ scope: identityScope(bucket_id), key: identity }];
  }
  const isKey = unique_key.fields.every((field) => keyFault(keyValue(fields, field)) === undefined);
  return isKey ? [{ scope: objectKeyScope(bucket_id), key: keyText(unique_key, fields) }] : [];
}

/**
 * What is done when the key is taken: as the request says, else as the bucket does. Without a
 * unique key nothing is ever taken, and every object is inserted.
 *
 * @throws BAD_REQUEST when neither says it, and for a policy that needs a unique key without one.
 */
export function resolvePolicy(
  uniqueKey: UniqueKey | undefined,
  requested: Policy | undefined,
): Policy {
  if (uniqueKey === undefined) return insertWithoutKey(requested);
  const policy = requested ?? uniqueKey.default_policy ?? undefined;
  if (policy !== undefined) return policy;
  throw new BucketsError(
    "BAD_REQUEST",
    "The bucket has a unique key without a default policy: send ?policy=insert, update or upsert.",
    { unique_key: uniqueKey.fields, policies },
  );
}

function insertWithoutKey(requested: Policy | undefined): Policy {
  if (requested === undefined || requested === "insert") return "insert";
  throw new BucketsError(
    "BAD_REQUEST",
    `The bucket has no unique key to ${requested} by: leave the policy out, or change the object by its id.`,
    { policy: requested },
  );
}
