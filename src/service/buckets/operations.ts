/**
 * Turns a write to a bucket, as data, into one that was checked: its shape fits, its secrets are
 * taken out, and its command is made. A single write and a transaction are both made from these; no
 * rule of the domain is decided here.
 */

import { z } from "zod";
import type { BucketOperation, OperationResult, ServedOperationOptions } from "../../api/index.js";
import type { BucketCommand } from "../../domain/bucket/commands.js";
import { BucketEvent } from "../../domain/bucket/events.js";
import {
  checkCreate,
  checkPatch,
  ignoredSchemaFields,
  LockBucketRequest,
  RotateSecretRequest,
  UnlockBucketRequest,
} from "../../domain/bucket/requests.js";
import { RestoreBucketRequest } from "../../domain/bucket/revert.js";
import type { SecretReferences } from "../../domain/bucket/secrets.js";
import type { Change } from "../../domain/change.js";
import { isJsonObject, type JsonValue, toJson } from "../../domain/json.js";
import { readBody } from "../../domain/request-fields.js";
import { changesOf } from "../../domain/resource.js";
import { RevertRequest } from "../../domain/revert.js";
import type { Asker } from "../asker.js";
import { makeSecret, sealBody, sealOrMake } from "../keys/sealing.js";
import type { ServiceParts } from "../parts.js";
import { findBucket, prepareReverting } from "../write/reverting.js";
import { type Checked, type Preparation, type Prepared, preconditionOf } from "../write/writing.js";
import { answerDeleted, answerWritten, countedAfter } from "./answers.js";
import { checkConfiguredUrls } from "./fetch-urls.js";

/** What an operation is, beside how it is meant: all but what is common to all kinds. */
interface Asked {
  readonly call: JsonValue;
  readonly command: Prepared | Preparation;
  readonly ignoredFields?: readonly string[];
  /** Of the event; the reason of the operation goes before it. */
  readonly reason?: string | undefined;
}

/** A write to a bucket, with all that HTTP says of it. */
export type ServedBucketOperation = BucketOperation & ServedOperationOptions;

type OperationOf<Type extends BucketOperation["type"]> = Extract<
  ServedBucketOperation,
  { readonly type: Type }
>;

const NoFields = z.object({});

/** An old schema comes back, and a whole one is copied or moved, without being sent. */
function setsUnsent(operation: ServedBucketOperation): boolean {
  if (operation.type === "revert") return true;
  return operation.type === "patch" && operation.mediaType === "application/json-patch+json";
}

export function checkBucketOperation(
  parts: ServiceParts,
  asker: Asker,
  operation: ServedBucketOperation,
): Checked<OperationResult> {
  const asked = ask(parts, asker, operation);
  const { call, command, ignoredFields = [] } = asked;
  const { publicUrl } = asker.caller;
  return {
    call,
    command,
    reason: operation.reason ?? asked.reason,
    precondition: preconditionOf(operation),
    render: async (done) => {
      const counted = await countedAfter(parts, done);
      if (operation.type === "delete") return answerDeleted(done, counted);
      const unsent = setsUnsent(operation) ? changesOf(done.recorded.event) : [];
      const ignored = new Set([...ignoredFields, ...ignoredSchemaFields(unsent)]);
      return answerWritten(done, counted, publicUrl, [...ignored]);
    },
  };
}

function ask(parts: ServiceParts, asker: Asker, operation: ServedBucketOperation): Asked {
  switch (operation.type) {
    case "create":
      return create(parts, operation);
    case "patch":
      return patch(parts, operation);
    case "lock":
      return lock(operation);
    case "unlock":
      return unlock(operation);
    case "archive":
    case "activate":
    case "suspend":
      return move(operation);
    case "delete":
      return remove(parts, operation);
    case "revert":
      return revert(parts, asker, operation);
    case "restore":
      return restore(operation);
    case "rotate_secret":
      return rotate(parts, operation);
  }
}

function create(parts: ServiceParts, { body, ...options }: OperationOf<"create">): Asked {
  const json = toJson(body);
  const { request, ignored } = checkCreate(json, options.strict === true);
  checkConfiguredUrls("application/json", json, parts.fetchPolicy);
  const sealed = sealBody(parts, "application/json", json);
  return {
    call: ["create", json],
    ignoredFields: ignored,
    command: {
      target: { kind: "new", id: parts.newId("bkt") },
      command: {
        type: "create_bucket",
        fields: isJsonObject(sealed.body) ? sealed.body : {},
        uniqueKey: request.unique_key ?? undefined,
        secrets: sealed.references,
      },
      secrets: sealed.secrets,
      revealed: sealed.revealedSecret,
    },
  };
}

function patch(
  parts: ServiceParts,
  { bucket, patch, mediaType = "application/json", strict }: OperationOf<"patch">,
): Asked {
  const json = toJson(patch);
  const ignoredFields = checkPatch(mediaType, json, strict === true);
  checkConfiguredUrls(mediaType, json, parts.fetchPolicy);
  const sealed = sealBody(parts, mediaType, json);
  return {
    call: ["patch", bucket, mediaType, json],
    ignoredFields,
    command: {
      target: { kind: "existing", identifier: bucket },
      command: {
        type: "patch_bucket",
        mediaType,
        patch: sealed.body,
        secrets: sealed.references,
      },
      secrets: sealed.secrets,
      revealed: sealed.revealedSecret,
    },
  };
}

function lock({ bucket, body, ...options }: OperationOf<"lock">): Asked {
  const { json, request, ignoredFields } = readBody(LockBucketRequest, body, options.strict);
  const reason = request.reason ?? options.reason;
  const expiresAt = request.expires_at ?? undefined;
  return {
    call: ["lock", bucket, json],
    ignoredFields,
    reason,
    command: plain(bucket, { type: "lock_bucket", reason, expiresAt }),
  };
}

function unlock({ bucket, body, ...options }: OperationOf<"unlock">): Asked {
  const { json, request, ignoredFields } = readBody(UnlockBucketRequest, body, options.strict);
  return {
    call: ["unlock", bucket, json],
    ignoredFields,
    reason: request.reason ?? undefined,
    command: plain(bucket, { type: "unlock_bucket" }),
  };
}

function move({
  type,
  bucket,
  body,
  ...options
}: OperationOf<"archive" | "activate" | "suspend">): Asked {
  const { ignoredFields } = readBody(NoFields, body, options.strict);
  return {
    call: [type, bucket],
    ignoredFields,
    command: plain(bucket, { type: `${type}_bucket` }),
  };
}

function remove(parts: ServiceParts, { bucket }: OperationOf<"delete">): Asked {
  const taskId = parts.newId("task");
  return { call: ["delete", bucket], command: plain(bucket, { type: "delete_bucket", taskId }) };
}

function revert(
  parts: ServiceParts,
  { namespace }: Asker,
  { bucket, body, ...options }: OperationOf<"revert">,
): Asked {
  const { json, request, ignoredFields } = readBody(RevertRequest, body, options.strict);
  const { fields } = request;
  const place = { parts, namespace, bucket };
  const prepared = (
    id: string,
    isWanted: boolean,
    toCommand: (secrets: SecretReferences) => BucketCommand,
  ): Prepared => {
    // For an adapter that may come back without a secret.
    const { references, secrets, revealedSecret } = makeSecret(parts, isWanted);
    const target = { kind: "existing", identifier: id } as const;
    return { target, command: toCommand(references), secrets, revealed: revealedSecret };
  };
  return {
    call: ["revert", bucket, json],
    ignoredFields,
    command: prepareReverting(request, {
      find: (results) => findBucket(place, results),
      revert: ({ id, ...earlier }) => {
        const isWanted = Object.hasOwn(earlier.document, "source_adapter") || fields !== undefined;
        return prepared(id, isWanted, (secrets) => ({
          type: "revert_bucket",
          ...earlier,
          fields,
          secrets,
        }));
      },
      undo: ({ id, ...undone }) => {
        const event = BucketEvent.parse(undone.event);
        const isWanted = changesOf(event).some(isOfAdapter);
        return prepared(id, isWanted, (secrets) => ({
          type: "undo_event",
          ...undone,
          event,
          secrets,
        }));
      },
    }),
  };
}

function rotate(
  parts: ServiceParts,
  { bucket, body, ...options }: OperationOf<"rotate_secret">,
): Asked {
  const { json, request, ignoredFields } = readBody(RotateSecretRequest, body, options.strict);
  const { webhook_secret: sent, overlap_seconds: seconds } = request;
  const { secret, revealed } = sealOrMake(parts, sent ?? undefined);
  const { reference } = secret;
  return {
    call: ["rotate_secret", bucket, json],
    ignoredFields,
    command: {
      target: { kind: "existing", identifier: bucket },
      command: { type: "rotate_secret", reference, overlapMs: seconds * 1_000 },
      secrets: [secret],
      revealed,
    },
  };
}

function restore({ bucket, body, ...options }: OperationOf<"restore">): Asked {
  const { json, request, ignoredFields } = readBody(RestoreBucketRequest, body, options.strict);
  const bucketName = request.bucket_name ?? undefined;
  return {
    call: ["restore", bucket, json],
    ignoredFields,
    command: plain(bucket, { type: "restore_bucket", bucketName }),
  };
}

/** A command that brings nothing but itself to a bucket that is there. */
function plain(bucket: string, command: BucketCommand): Prepared {
  return { target: { kind: "existing", identifier: bucket }, command };
}

function isOfAdapter({ path }: Change): boolean {
  return path.startsWith("/source_adapter");
}
