/** A line of a seed that is a command: an operation as data, or what goes beyond operations. */
import { z } from "zod";
import { assertOperation } from "../../api/options.js";
import { BucketsError } from "../../domain/errors.js";
import { type JsonObject, withoutAbsent } from "../../domain/json.js";
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

const furtherNames: ReadonlySet<unknown> = new Set(
  Further.options.map(({ shape }) => shape.command.value),
);

const OperationLine = z.looseObject({
  ...common,
  command: z.string(),
  body: jsonValue.optional(),
  media_type: z.enum(patchMediaTypes).optional(),
  auto_process: z.boolean().optional(),
});

/** @throws BAD_REQUEST, VALIDATION_FAILED for what is no command. */
export function stepOfCommand(line: JsonObject, place: Pick<SeedStep, "line" | "key">): SeedStep {
  const isFurther = furtherNames.has(line["command"]);
  const said = parseBody(isFurther ? Further : OperationLine, line);
  assertId(said.command, said.id);
  return {
    ...place,
    namespace: said.namespace ?? "default",
    at: said.at === undefined ? undefined : Date.parse(said.at),
    actor: said.actor,
    requestId: said.request_id,
    reason: said.reason,
    transactionId: undefined,
    ids: said.id === undefined ? [] : [said.id],
    makes: said.id,
    blobIds: [],
    deed: isFurther ? furtherDeed(line) : operationOf(line),
  };
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
function operationOf(line: JsonObject): Deed {
  const {
    command: type,
    body: sent,
    media_type: mediaType,
    auto_process: autoProcess,
    at: _,
    actor: __,
    reason,
    request_id: ___,
    namespace: ____,
    id: _____,
    ...named
  } = line;
  const isPatch = typeof type === "string" && type.startsWith("patch");
  const operation = withoutAbsent({
    ...named,
    type,
    reason,
    mediaType,
    autoProcess,
    [isPatch ? "patch" : "body"]: sent,
  });
  assertOperation(operation, "in a transaction");
  return operation;
}

/** An id is held for what the command makes, and shows what it is of. @throws BAD_REQUEST */
function assertId(command: string, id: string | undefined): void {
  if (id === undefined) return;
  const kind = creations.get(command);
  const prefix = kind === undefined ? undefined : kindNamed(kind).prefix;
  if (prefix !== undefined && id.startsWith(prefix)) {
    if (idPattern.test(id.slice(prefix.length))) return;
  }
  const fix =
    prefix === undefined
      ? `${command} makes nothing that has one: leave it out.`
      : `what ${command} makes has an id such as ${prefix}${"0".repeat(idCharacters)}: ${prefix} and ${idCharacters} small letters and digits.`;
  throw new BucketsError("BAD_REQUEST", `id: ${fix}`, { field: "id" });
}

const creations: ReadonlyMap<string, ResourceKind> = new Map([
  ["create", "bucket"],
  ["create_object", "object"],
  ["create_batch", "batch"],
  ["create_upload", "upload"],
  ["create_sync", "sync"],
  ["create_connection", "connection"],
  ["create_namespace", "namespace"],
]);

/** As many as a ULID has: by that, what names something is known for its id. */
const idCharacters = 26;
const idPattern = /^[0-9a-z]{26}$/;
