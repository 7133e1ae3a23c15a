/**
 * What callers say about themselves and about their calls, as schemas. Types alone do not keep a
 * program in JavaScript from passing `dryRun: "true"`, so the library and the client refuse at the
 * door what does not fit, by the name of its field, and go on with a copy of their own.
 */
import { z } from "zod";
import { policies } from "../domain/bucket/bucket-schema.js";
import { BucketsError, invariant } from "../domain/errors.js";
import { isJsonObject } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { describeMisfit } from "../domain/misfit.js";
import { TakenContents } from "../domain/object/taken-contents.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import type { Precondition } from "../domain/precondition.js";
import { isPlainText } from "../domain/printable.js";
import { toIssues } from "../domain/schemas.js";
import type { OperationKind, Operations, ServedOperation } from "./namespace.js";

function plainText(lengthMax: number) {
  const error = `Send 1 to ${lengthMax} characters, none of them a control character or a mark of direction.`;
  return z.string({ error }).min(1, error).max(lengthMax, error).refine(isPlainText, error);
}

const flag = z.boolean({ error: "Send true or false." }).optional();
const text = z.string({ error: "Send a string." });

/** The name of who acts, as it is kept on every event. */
export const actorName = plainText(limits.actorLengthMax);

export const CallerFields = z.strictObject({
  actor: actorName.optional(),
  requestId: plainText(limits.requestIdLengthMax).optional(),
});

export const ServedCallerFields = CallerFields.extend({
  token: plainText(limits.actorLengthMax).optional(),
  userAgent: plainText(limits.headerSectionBytesMax).optional(),
  remoteAddress: plainText(limits.actorLengthMax).optional(),
  traceId: plainText(limits.requestIdLengthMax).optional(),
  publicUrl: text.optional(),
  opens: z.array(text).optional(),
});

const reason = text
  .refine((value) => value.isWellFormed(), "A string contains a lone surrogate: it is not Unicode.")
  .refine((value) => [...value].length <= limits.reasonLengthMax, {
    error: ({ input }) =>
      `A reason has at most ${limits.reasonLengthMax} characters; this one has ${[...String(input)].length}.`,
  })
  .optional();

const precondition = z
  .custom<Precondition>(isJsonObject, { error: "Send a precondition." })
  .transform((given) => ({ ...given }));

/** How one operation is meant. */
const operationFields = {
  reason,
  ifVersion: z.number({ error: "Send a version: a whole number." }).int().optional(),
  strict: flag,
  precondition: precondition.optional(),
  contents: z.instanceof(TakenContents).optional(),
};

const keyProblem = `An Idempotency-Key has 1 to ${limits.idempotencyKeyLengthMax} visible ASCII characters.`;

const commitFields = {
  idempotencyKey: text
    .regex(/^[\x21-\x7e]+$/, keyProblem)
    .max(limits.idempotencyKeyLengthMax, keyProblem)
    .optional(),
  dryRun: flag,
  fingerprint: text.optional(),
};

/** What only some writes take. */
const formatFields = {
  mediaType: z
    .enum(patchMediaTypes, { error: `Send one of ${patchMediaTypes.join(", ")}.` })
    .optional(),
  policy: z.enum(policies, { error: `Send one of ${policies.join(", ")}.` }).optional(),
  autoProcess: flag,
};

export const BackupFields = z.strictObject({
  update: flag,
  since: text.optional(),
  link: flag,
  verify: flag,
  passphrase: text.min(12, "A passphrase has 12 characters or more.").optional(),
});

export const RotateFields = z.strictObject({
  overlapMs: z.int().min(0).optional(),
  isCompromised: flag,
  reason: text.optional(),
});

export const ExtractFields = z.strictObject({ asOf: text.optional(), namespace: text.optional() });

export const NamespaceRevertFields = z.strictObject({
  asOf: text,
  dryRun: flag,
  reason,
  ifPosition: z.number({ error: "Send a position: a whole number." }).int().optional(),
});

export const CommitFields = z.object(commitFields);
export const TransactionFields = z.strictObject({ ...commitFields, reason });
export const WriteFields = z.strictObject({ ...operationFields, ...commitFields });
/** Those of every write there is, for who passes them on to where each is known. */
export const AnyWriteFields = WriteFields.extend(formatFields);
export const CreateManyFields = WriteFields.extend({
  policy: formatFields.policy,
  autoProcess: formatFields.autoProcess,
});

export const TokenFields = z.strictObject({ idempotencyKey: commitFields.idempotencyKey });
export const ServedTokenFields = TokenFields.extend({
  fingerprint: commitFields.fingerprint,
  token: ServedCallerFields.shape.token,
});

const content = z.unknown().optional();
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
  readonly [Kind in OperationKind]: Readonly<Record<Operations[Kind]["type"], z.ZodRawShape>>;
};

function isOperationKind(name: string): name is OperationKind {
  return Object.hasOwn(operationShapes, name);
}

const operationKinds: ReadonlyMap<string, OperationKind> = new Map(
  Object.keys(operationShapes)
    .filter(isOperationKind)
    .flatMap((kind) => Object.keys(operationShapes[kind]).map((type) => [type, kind])),
);

const operationTypes = [...operationKinds.keys()];

/** The kind of resource that the operation is about. */
export function kindOfOperation({ type }: { readonly type: string }): OperationKind {
  const kind = operationKinds.get(type);
  invariant(kind !== undefined, `no kind has the operation ${type}`);
  return kind;
}

/** In a transaction, what is said of the whole is not said of an operation. */
const parts = schemasWith({});
/** Alone, an operation carries what is said of its commit. */
const alone = schemasWith(commitFields);

function schemasWith(further: z.ZodRawShape): ReadonlyMap<string, z.ZodType> {
  return new Map(
    Object.values(operationShapes)
      .flatMap(Object.entries<z.ZodRawShape>)
      .map(([type, shape]) => [
        type,
        z.strictObject({ type: z.literal(type), ...shape, ...operationFields, ...further }),
      ]),
  );
}

/** A copy of what was checked. @throws BAD_REQUEST naming the field that does not fit. */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(isJsonObject(options) ? { ...options } : options, {
    error: describeMisfit,
  });
  if (parsed.success) return parsed.data;
  throw misfit(parsed.error);
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
  const schema = (place === "alone" ? alone : parts).get(String(type));
  if (typeof type !== "string" || schema === undefined) {
    throw new BucketsError(
      "BAD_REQUEST",
      `There is no operation of type ${JSON.stringify(type) ?? "undefined"}: use ${operationTypes.join(", ")}.`,
      { field: "type" },
    );
  }
  const parsed = schema.safeParse(given, { error: describeMisfit });
  if (!parsed.success) throw misfit(parsed.error);
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

function misfit(error: z.ZodError): BucketsError {
  const [first] = error.issues;
  const issues = toIssues(error, []);
  const unknown = first?.code === "unrecognized_keys" ? first.keys[0] : undefined;
  const field = unknown ?? issues[0]?.location.join(".") ?? "";
  const problem = issues[0]?.message;
  const isWhole = field === "" || unknown !== undefined;
  const message = isWhole ? `The options: ${problem}` : `${field}: ${problem}`;
  return new BucketsError("BAD_REQUEST", message, { field });
}
