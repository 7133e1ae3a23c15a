/** A line of a seed that is a command: an operation as data, or what goes beyond operations. */
import { z } from "zod";
import { assertOperation, operationTypes, ownFieldsOf } from "../../api/options.js";
import { describeUnknown, withMeant } from "../../domain/did-you-mean.js";
import { BucketsError } from "../../domain/errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ownValue,
  withoutAbsent,
} from "../../domain/json.js";
import { patchMediaTypes } from "../../domain/patch-media-type.js";
import { kindNamed, type ResourceKind } from "../../domain/resource.js";
import { jsonValue, parseBody, timestamp } from "../../domain/schemas.js";
import type { Deed, SeedStep } from "./step.js";

/** What every command may say beside what it is. */
const common = {
  at: timestamp.optional(),
  actor: z.string().optional(),
  reason: z.string().optional(),
  request_id: z.string().optional(),
  namespace: z.string().optional(),
  /** Of what it makes. */
  id: z.string().optional(),
};

const text = z.string();
const body = jsonValue.default({});

/** Those that are no operations. A namespace is named where every command says in which it is. */
const Further = z.discriminatedUnion("command", [
  z.strictObject({ ...common, command: z.literal("create_namespace"), body }),
  z.strictObject({ ...common, command: z.literal("patch_namespace"), namespace: text, body }),
  z.strictObject({ ...common, command: z.literal("delete_namespace"), namespace: text }),
  z.strictObject({
    ...common,
    command: z.literal("receive_upload"),
    bucket: text,
    upload: text,
    /** Its bytes, base64. */
    data: z.base64(),
  }),
  z.strictObject({
    ...common,
    command: z.literal("confirm_upload"),
    bucket: text,
    upload: text,
    body,
  }),
  z.strictObject({ ...common, command: z.literal("claim_batch"), body }),
  z.strictObject({ ...common, command: z.literal("create_token"), body }),
]);

const furtherFields: ReadonlyMap<string, readonly string[]> = new Map(
  Further.options.map(({ shape }) => [shape.command.value, Object.keys(shape)]),
);

const commandNames: readonly string[] = [...operationTypes, ...furtherFields.keys()];

/** What every line that is an operation says, beside what is its own. */
const OperationLine = z.looseObject({
  ...common,
  command: z.string(),
  body: jsonValue.optional(),
  media_type: z.enum(patchMediaTypes).optional(),
  auto_process: z.boolean().optional(),
});

/** Fields of operations that have another name here. */
const namesHere: ReadonlyMap<string, string> = new Map([
  ["patch", "body"],
  ["mediaType", "media_type"],
  ["autoProcess", "auto_process"],
]);

/** @throws BAD_REQUEST, VALIDATION_FAILED for what is no command. */
export function stepOfCommand(line: JsonObject, place: Pick<SeedStep, "line" | "key">): SeedStep {
  const command = knownCommand(line["command"]);
  const isFurther = furtherFields.has(command);
  assertFields(command, line);
  const said = parseBody(isFurther ? Further : OperationLine, line);
  assertId(command, said.id);
  const { blobIds, sent } = isFurther ? { blobIds: [], sent: line } : withoutBlobIds(command, line);
  return {
    ...place,
    namespace: said.namespace ?? "default",
    at: said.at === undefined ? undefined : Date.parse(said.at),
    actor: said.actor,
    requestId: said.request_id,
    reason: said.reason,
    transactionId: undefined,
    ids: [...(said.id === undefined ? [] : [said.id]), ...blobIds],
    makes: said.id,
    blobIds,
    deed: isFurther ? furtherDeed(line) : operationOf(command, sent),
  };
}

/** @throws BAD_REQUEST */
function knownCommand(given: JsonValue | undefined): string {
  const known = commandNames.find((name) => name === given);
  if (known !== undefined) return known;
  const problem = `There is no command ${JSON.stringify(given)}: use ${commandNames.join(", ")}.`;
  const message = typeof given === "string" ? withMeant(problem, given, commandNames) : problem;
  throw new BucketsError("BAD_REQUEST", message, { field: "command" });
}

/** @throws BAD_REQUEST naming those that the command does not take. */
function assertFields(command: string, line: JsonObject): void {
  const own = ownFieldsOf(command).map((name) => namesHere.get(name) ?? name);
  const taken = furtherFields.get(command) ?? ["command", ...own, ...Object.keys(common)];
  const unknown = Object.keys(line).filter((name) => !taken.includes(name));
  const [field] = unknown;
  if (field === undefined) return;
  throw new BucketsError("BAD_REQUEST", describeUnknown(unknown, taken), { field });
}

function furtherDeed(line: JsonObject): Deed {
  const said = parseBody(Further, line);
  switch (said.command) {
    case "create_namespace":
    case "claim_batch":
    case "create_token":
      return { type: said.command, body: said.body };
    case "patch_namespace":
      return { type: said.command, of: said.namespace, patch: said.body };
    case "delete_namespace":
      return { type: said.command, of: said.namespace };
    case "receive_upload": {
      const { command: type, bucket, upload, data } = said;
      return { type, bucket, upload, bytes: Buffer.from(data, "base64") };
    }
    case "confirm_upload": {
      const { command: type, bucket, upload } = said;
      return { type, bucket, upload, body: said.body };
    }
  }
}

/** The names of the operations are those of the commands; what a patch sends is a body here as well. */
function operationOf(command: string, line: JsonObject): Deed {
  const own = ownFieldsOf(command).map((name) => {
    const nameHere = namesHere.get(name) ?? name;
    const value = ownValue(line, nameHere);
    return [name, nameHere === "body" ? (value ?? {}) : value];
  });
  const reason = ownValue(line, "reason");
  const operation = withoutAbsent({ ...Object.fromEntries(own), type: command, reason });
  assertOperation(operation, "in a transaction");
  return operation;
}

/**
 * The ids that the blobs of a new object are to have, and the line as it is sent: nobody but a seed
 * gives them.
 * @throws BAD_REQUEST
 */
function withoutBlobIds(
  command: string,
  line: JsonObject,
): { readonly blobIds: readonly string[]; readonly sent: JsonObject } {
  const body = ownValue(line, "body");
  const blobs = isJsonObject(body) ? ownValue(body, "blobs") : undefined;
  const given = isJsonArray(blobs) ? blobs.filter(isJsonObject) : [];
  const ids = given.flatMap(({ blob_id: id }) => id ?? []);
  if (command !== "create_object" || ids.length === 0 || !isJsonObject(body)) {
    return { blobIds: [], sent: line };
  }
  const blobIds = ids.filter(isBlobId);
  if (blobIds.length < given.length) {
    const problem = `Give each blob of a new object an id such as blob_${exampleOfId}, or none.`;
    throw new BucketsError("BAD_REQUEST", `blob_id: ${problem}`, { field: "blob_id" });
  }
  const unnamed = given.map(({ blob_id: _, ...blob }) => blob);
  return { blobIds, sent: { ...line, body: { ...body, blobs: unnamed } } };
}

function isBlobId(id: JsonValue): id is string {
  return typeof id === "string" && isIdOf("blob_", id);
}

/** An id is held for what the command makes, and shows what it is of. @throws BAD_REQUEST */
function assertId(command: string, id: string | undefined): void {
  if (id === undefined) return;
  const kind = creations.get(command);
  const prefix = kind === undefined ? undefined : kindNamed(kind).prefix;
  if (prefix !== undefined && isIdOf(prefix, id)) return;
  const fix =
    prefix === undefined
      ? `${command} makes nothing that has one: leave it out.`
      : `what ${command} makes has an id such as ${prefix}${exampleOfId}: ${prefix} and ${exampleOfId.length} small letters and digits.`;
  throw new BucketsError("BAD_REQUEST", `id: ${fix}`, { field: "id" });
}

function isIdOf(prefix: string, id: string): boolean {
  return id.startsWith(prefix) && idPattern.test(id.slice(prefix.length));
}

const creations: ReadonlyMap<string, ResourceKind> = new Map([
  ["create", "bucket"],
  ["create_object", "object"],
  ["create_batch", "batch"],
  ["create_upload", "upload"],
  ["confirm_upload", "object"],
  ["create_sync", "sync"],
  ["create_connection", "connection"],
  ["create_namespace", "namespace"],
  ["create_token", "token"],
]);

/** As many characters as a ULID has: by that, what names something is known for its id. */
const idPattern = /^[0-9a-z]{26}$/;
const exampleOfId = "0".repeat(26);
