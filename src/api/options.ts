/**
 * What callers say about themselves and about their calls, field by field. Types alone do not keep
 * a program in JavaScript from passing `dryRun: "true"`, so the library and the client refuse at the
 * door what does not fit, by the name of its field, and go on with a copy of their own.
 */
import { policies } from "../domain/bucket/choices.js";
import { BucketsError, invariant } from "../domain/errors.js";
import { isJsonObject } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { TakenContents } from "../domain/object/taken-contents.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import type { Precondition } from "../domain/precondition.js";
import { isPlainText } from "../domain/printable.js";
import {
  choice,
  type Field,
  type FieldMisfit,
  type Fields,
  flag,
  listOf,
  Misfit,
  optional,
  type Read,
  takeFields,
  textField,
  where,
  wholeNumber,
} from "./fields.js";
import type { OperationKind, Operations, ServedOperation } from "./namespace.js";

function plainText(lengthMax: number): Field<string> {
  const problem = `Send 1 to ${lengthMax} characters, none of them a control character or a mark of direction.`;
  const fits = (value: string) => value !== "" && value.length <= lengthMax && isPlainText(value);
  return where(textField(problem), [fits, problem]);
}

const text = textField();

/** The name of who acts, as it is kept on every event. */
export const actorName = plainText(limits.actorLengthMax);

export const CallerFields = {
  actor: optional(actorName),
  requestId: optional(plainText(limits.requestIdLengthMax)),
};

export const ServedCallerFields = {
  ...CallerFields,
  token: optional(plainText(limits.actorLengthMax)),
  userAgent: optional(plainText(limits.headerSectionBytesMax)),
  remoteAddress: optional(plainText(limits.actorLengthMax)),
  traceId: optional(plainText(limits.requestIdLengthMax)),
  publicUrl: optional(text),
  opens: optional(listOf(text)),
};

const reason = optional(
  where(
    text,
    [(value) => value.isWellFormed(), "A string contains a lone surrogate: it is not Unicode."],
    [
      (value) => [...value].length <= limits.reasonLengthMax,
      (value) =>
        `A reason has at most ${limits.reasonLengthMax} characters; this one has ${[...value].length}.`,
    ],
  ),
);

function isPrecondition(value: unknown): value is Precondition {
  return isJsonObject(value);
}

const precondition: Field<Precondition> = (given) =>
  isPrecondition(given) ? { ...given } : new Misfit("Send a precondition.");

const contents: Field<TakenContents> = (given) =>
  given instanceof TakenContents ? given : new Misfit("Send contents that were taken out.");

/** How one operation is meant. */
const operationFields = {
  reason,
  ifVersion: optional(wholeNumber("Send a version: a whole number.")),
  strict: flag,
  precondition: optional(precondition),
  contents: optional(contents),
};

const keyProblem = `An Idempotency-Key has 1 to ${limits.idempotencyKeyLengthMax} visible ASCII characters.`;

const commitFields = {
  idempotencyKey: optional(
    where(
      text,
      [(key) => /^[\x21-\x7e]+$/.test(key), keyProblem],
      [(key) => key.length <= limits.idempotencyKeyLengthMax, keyProblem],
    ),
  ),
  dryRun: flag,
  fingerprint: optional(text),
};

/** What only some writes take. */
const formatFields = {
  mediaType: optional(choice(patchMediaTypes)),
  policy: optional(choice(policies)),
  autoProcess: flag,
};

export const BackupFields = {
  update: flag,
  since: optional(text),
  link: flag,
  verify: flag,
  passphrase: optional(
    where(text, [({ length }) => length >= 12, "A passphrase has 12 characters or more."]),
  ),
};

export const RotateFields = {
  overlapMs: optional(wholeNumber("Send a whole number.", { min: 0 })),
  isCompromised: flag,
  reason: optional(text),
};

export const ExtractFields = { asOf: optional(text), namespace: optional(text) };

export const NamespaceRevertFields = {
  asOf: text,
  dryRun: flag,
  reason,
  ifPosition: optional(wholeNumber("Send a position: a whole number.")),
};

export const TransactionFields = { ...commitFields, reason };
export const WriteFields = { ...operationFields, ...commitFields };
/** Those of every write there is, for who passes them on to where each is known. */
export const AnyWriteFields = { ...WriteFields, ...formatFields };
export const CreateManyFields = {
  ...WriteFields,
  policy: formatFields.policy,
  autoProcess: formatFields.autoProcess,
};

export const TokenFields = { idempotencyKey: commitFields.idempotencyKey, reason };
export const ServedTokenFields = { ...TokenFields, fingerprint: commitFields.fingerprint };

/** What is looked at where it is understood. */
export const content: Field<unknown> = (given) => given;
const bucket = text;
const { mediaType, policy, autoProcess } = formatFields;

/** The operations on each kind, each with the fields that it takes beside its type. */
const operationShapes = {
  bucket: {
    create: { body: content },
    patch: { bucket, patch: content, mediaType },
    lock: { bucket, body: content },
    unlock: { bucket, body: content },
    archive: { bucket, body: content },
    activate: { bucket, body: content },
    suspend: { bucket, body: content },
    revert: { bucket, body: content },
    restore: { bucket, body: content },
    rotate_secret: { bucket, body: content },
    delete: { bucket },
  },
  object: {
    create_object: { bucket, body: content, policy, autoProcess },
    put_object: { bucket, object: text, body: content },
    patch_object: { bucket, object: text, patch: content, mediaType },
    revert_object: { bucket, object: text, body: content },
    restore_object: { bucket, object: text },
    delete_object: { bucket, object: text },
  },
  batch: {
    create_batch: { bucket, body: content },
    add_batch_objects: { bucket, batch: text, body: content },
    patch_batch: { bucket, batch: text, patch: content },
    submit_batch: { bucket, batch: text, body: content },
    cancel_batch: { bucket, batch: text },
    delete_batch: { bucket, batch: text },
    progress_batch: { bucket, batch: text, body: content },
    complete_batch: { bucket, batch: text, body: content },
    fail_batch: { bucket, batch: text, body: content },
    retry_batch: { bucket, batch: text, body: content },
  },
  upload: {
    create_upload: { bucket, body: content },
    delete_upload: { bucket, upload: text },
  },
  sync: {
    create_sync: { bucket, body: content },
    patch_sync: { bucket, sync: text, patch: content },
    pause_sync: { bucket, sync: text },
    resume_sync: { bucket, sync: text },
    trigger_sync: { bucket, sync: text },
    delete_sync: { bucket, sync: text },
  },
  connection: {
    create_connection: { body: content },
    patch_connection: { connection: text, patch: content },
    delete_connection: { connection: text },
  },
} as const satisfies {
  readonly [Kind in OperationKind]: Readonly<Record<Operations[Kind]["type"], Fields>>;
};

function isOperationKind(name: string): name is OperationKind {
  return Object.hasOwn(operationShapes, name);
}

const operationKinds: ReadonlyMap<string, OperationKind> = new Map(
  Object.keys(operationShapes)
    .filter(isOperationKind)
    .flatMap((kind) => Object.keys(operationShapes[kind]).map((type) => [type, kind])),
);

/** The types of all operations. */
export const operationTypes: readonly string[] = [...operationKinds.keys()];

/** The kind of resource that the operation is about. */
export function kindOfOperation({ type }: { readonly type: string }): OperationKind {
  const kind = operationKinds.get(type);
  invariant(kind !== undefined, `no kind has the operation ${type}`);
  return kind;
}

/** The fields that an operation of the type takes beside those of every one; none of a type that is none. */
export function ownFieldsOf(type: string): readonly string[] {
  const shape = Object.values(operationShapes)
    .flatMap(Object.entries<Fields>)
    .find(([name]) => name === type);
  return Object.keys(shape?.[1] ?? {});
}

/** In a transaction, what is said of the whole is not said of an operation. */
const inTransaction = fieldsWith({});
/** Alone, an operation carries what is said of its commit. */
const alone = fieldsWith(commitFields);

function fieldsWith(further: Fields): ReadonlyMap<string, Fields> {
  return new Map(
    Object.values(operationShapes)
      .flatMap(Object.entries<Fields>)
      .map(([type, fields]) => [type, { type: text, ...fields, ...operationFields, ...further }]),
  );
}

/** A copy of what was checked. @throws BAD_REQUEST naming the field that does not fit. */
export function readOptions<Of extends Fields>(fields: Of, options: unknown): Read<Of> {
  const read = {};
  fill(read, fields, options);
  return read;
}

/** Takes no copy. @throws BAD_REQUEST as `readOptions` does. */
export function assertOptions(fields: Fields, options: unknown): void {
  const fault = takeFields(fields, options);
  if (fault !== undefined) throw misfit(fault);
}

/** What options that say more say of the commit. @throws as `readOptions` does. */
export function readCommit(options: unknown): Read<typeof commitFields> {
  if (!isJsonObject(options)) return readOptions(commitFields, options);
  const said = Object.entries(options).filter(([name]) => Object.hasOwn(commitFields, name));
  return readOptions(commitFields, Object.fromEntries(said));
}

function fill<Of extends Fields>(
  read: object,
  fields: Of,
  options: unknown,
): asserts read is Read<Of> {
  const taken: Record<string, unknown> = {};
  const fault = takeFields(fields, options, taken);
  if (fault !== undefined) throw misfit(fault);
  Object.assign(read, taken);
}

/**
 * A copy of an operation that is one.
 * @param place `alone`, or as one of a transaction.
 * @throws BAD_REQUEST naming the field that does not fit.
 */
export function readOperation<Operation extends ServedOperation>(
  operation: Operation,
  place: "alone" | "in a transaction",
): Operation {
  const copy = { ...operation };
  assertOperation(copy, place);
  return copy;
}

/** @throws BAD_REQUEST naming the field that does not fit. */
export function assertOperation(
  given: object,
  place: "alone" | "in a transaction",
): asserts given is ServedOperation {
  const type: unknown = "type" in given ? given.type : undefined;
  const fields = (place === "alone" ? alone : inTransaction).get(String(type));
  if (typeof type !== "string" || fields === undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      `There is no operation of type ${JSON.stringify(type) ?? "undefined"}: use ${operationTypes.join(", ")}.`,
      { field: "type" },
    );
  }
  assertOptions(fields, given);
}

/** @throws BAD_REQUEST for what is no string. */
export function assertText(value: unknown, field: string): asserts value is string {
  if (typeof value === "string") return;
  throw new BucketsError("BAD_REQUEST", `${field}: Send a string.`, { field });
}

/** @throws BAD_REQUEST for what is no list. */
export function assertList(value: unknown, field: string): asserts value is readonly unknown[] {
  if (Array.isArray(value)) return;
  throw new BucketsError("BAD_REQUEST", `${field}: Send a list.`, { field });
}

function misfit({ field, problem, isKnown }: FieldMisfit): BucketsError {
  const message = `${isKnown ? field : "The options"}: ${problem}`;
  return new BucketsError("BAD_REQUEST", message, { field });
}
