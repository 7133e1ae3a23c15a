/**
 * Turns a write to a bucket, as data, into one that was checked: its shape fits, its secrets are
 * taken out, and its command is made. A single write and a transaction are both made from these; no
 * rule of the domain is decided here.
 */
import { z } from "zod";
import type { BucketCommand } from "../domain/bucket/commands.js";
import { BucketEvent } from "../domain/bucket/events.js";
import {
  checkCreate,
  checkFields,
  checkPatch,
  LockBucketRequest,
  RotateSecretRequest,
  strayFields,
  UnlockBucketRequest,
} from "../domain/bucket/requests.js";
import { RestoreBucketRequest, RevertBucketRequest } from "../domain/bucket/revert.js";
import type { Change } from "../domain/changes.js";
import { changesOf } from "../domain/history.js";
import { isJsonObject, type JsonValue, toJson } from "../domain/json.js";
import { parseBody } from "../domain/schemas.js";
import { answerDeleted, answerWritten, countedAfter } from "./answers.js";
import { checkConfiguredUrls } from "./fetch-urls.js";
import type { BucketOperation, OperationResult, ServedOperationOptions } from "./interface.js";
import type { ServiceParts } from "./parts.js";
import { findBucket, prepareReverting } from "./reverting.js";
import { makeSecret, type Sealed, sealBody, sealOrMake } from "./sealing.js";
import { type Checked, checkReason, type Prepared, preconditionOf } from "./writing.js";

/** What an operation is, beside how it is meant: all but what is common to all kinds. */
interface Asked {
  readonly call: JsonValue;
  readonly prepare: Checked<OperationResult>["prepare"];
  readonly ignoredFields?: readonly string[];
  readonly revealedSecret?: () => Sealed["revealedSecret"];
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

export class BucketOperations {
  readonly #parts: ServiceParts;
  readonly #namespace: string;
  readonly #publicUrl: string;

  constructor(parts: ServiceParts, namespace: string, publicUrl: string) {
    this.#parts = parts;
    this.#namespace = namespace;
    this.#publicUrl = publicUrl;
  }

  /** @throws BAD_REQUEST for what is wrong with the options, before VALIDATION_FAILED. */
  check(operation: ServedBucketOperation): Checked<OperationResult> {
    checkReason(operation.reason);
    const asked = this.#ask(operation);
    const { call, prepare, ignoredFields = [], revealedSecret } = asked;
    return {
      call,
      prepare,
      reason: operation.reason ?? asked.reason,
      precondition: preconditionOf(operation),
      render: async (done) => {
        const counted = await countedAfter(this.#parts, done);
        return operation.type === "delete"
          ? answerDeleted(done, counted)
          : answerWritten(done, counted, this.#publicUrl, ignoredFields, revealedSecret?.());
      },
    };
  }

  #ask(operation: ServedBucketOperation): Asked {
    switch (operation.type) {
      case "create":
        return this.#create(operation);
      case "patch":
        return this.#patch(operation);
      case "lock":
        return this.#lock(operation);
      case "unlock":
        return this.#unlock(operation);
      case "archive":
      case "activate":
      case "suspend":
        return this.#move(operation);
      case "delete":
        return this.#delete(operation);
      case "revert":
        return this.#revert(operation);
      case "restore":
        return this.#restore(operation);
      case "rotate_secret":
        return this.#rotate(operation);
    }
  }

  #create({ body, ...options }: OperationOf<"create">): Asked {
    const json = toJson(body);
    const { request, ignored } = checkCreate(json, options.strict === true);
    checkConfiguredUrls("application/json", json, this.#parts.fetchPolicy);
    const sealed = sealBody(this.#parts, "application/json", json);
    return {
      call: ["create", json],
      ignoredFields: ignored,
      revealedSecret: () => sealed.revealedSecret,
      prepare: ready({
        target: { kind: "new", id: this.#parts.newId("bkt") },
        command: {
          type: "create_bucket",
          fields: isJsonObject(sealed.body) ? sealed.body : {},
          uniqueKey: request.unique_key ?? undefined,
          secrets: sealed.references,
        },
        secrets: sealed.secrets,
      }),
    };
  }

  #patch({ bucket, patch, mediaType = "application/json", strict }: OperationOf<"patch">): Asked {
    const json = toJson(patch);
    const ignoredFields = checkPatch(mediaType, json, strict === true);
    checkConfiguredUrls(mediaType, json, this.#parts.fetchPolicy);
    const sealed = sealBody(this.#parts, mediaType, json);
    return {
      call: ["patch", bucket, mediaType, json],
      ignoredFields,
      revealedSecret: () => sealed.revealedSecret,
      prepare: ready({
        target: { kind: "existing", identifier: bucket },
        command: {
          type: "patch_bucket",
          mediaType,
          patch: sealed.body,
          secrets: sealed.references,
        },
        secrets: sealed.secrets,
      }),
    };
  }

  #lock({ bucket, body, ...options }: OperationOf<"lock">): Asked {
    const { json, request, ignoredFields } = readBody(LockBucketRequest, body, options);
    const reason = request.reason ?? options.reason;
    const expiresAt = request.expires_at ?? undefined;
    return {
      call: ["lock", bucket, json],
      ignoredFields,
      reason,
      prepare: plain(bucket, { type: "lock_bucket", reason, expiresAt }),
    };
  }

  #unlock({ bucket, body, ...options }: OperationOf<"unlock">): Asked {
    const { json, request, ignoredFields } = readBody(UnlockBucketRequest, body, options);
    return {
      call: ["unlock", bucket, json],
      ignoredFields,
      reason: request.reason ?? undefined,
      prepare: plain(bucket, { type: "unlock_bucket" }),
    };
  }

  #move({
    type,
    bucket,
    body,
    ...options
  }: OperationOf<"archive" | "activate" | "suspend">): Asked {
    const { ignoredFields } = readBody(NoFields, body, options);
    return {
      call: [type, bucket],
      ignoredFields,
      prepare: plain(bucket, { type: `${type}_bucket` }),
    };
  }

  #delete({ bucket }: OperationOf<"delete">): Asked {
    const taskId = this.#parts.newId("task");
    return { call: ["delete", bucket], prepare: plain(bucket, { type: "delete_bucket", taskId }) };
  }

  #revert({ bucket, body, ...options }: OperationOf<"revert">): Asked {
    const { json, request, ignoredFields } = readBody(RevertBucketRequest, body, options);
    const { fields } = request;
    const place = { parts: this.#parts, namespace: this.#namespace, bucket };
    let sealed: Sealed | undefined;
    // For an adapter that may come back without a secret; the same each time it is prepared.
    const secretFor = (isWanted: boolean) => {
      sealed ??= makeSecret(this.#parts, isWanted);
      return sealed;
    };
    const prepared = (id: string, command: BucketCommand): Prepared => ({
      target: { kind: "existing", identifier: id },
      command,
      secrets: sealed?.secrets ?? [],
    });
    return {
      call: ["revert", bucket, json],
      ignoredFields,
      revealedSecret: () => sealed?.revealedSecret,
      prepare: prepareReverting(request, {
        find: (results) => findBucket(place, results),
        revert: ({ id, ...earlier }) => {
          const isWanted =
            Object.hasOwn(earlier.document, "source_adapter") || fields !== undefined;
          const secrets = secretFor(isWanted).references;
          return prepared(id, { type: "revert_bucket", ...earlier, fields, secrets });
        },
        undo: ({ id, ...undone }) => {
          const event = BucketEvent.parse(undone.event);
          const secrets = secretFor(changesOf(event).some(isOfAdapter)).references;
          return prepared(id, { type: "undo_event", ...undone, event, secrets });
        },
      }),
    };
  }

  #rotate({ bucket, body, ...options }: OperationOf<"rotate_secret">): Asked {
    const { json, request, ignoredFields } = readBody(RotateSecretRequest, body, options);
    const { webhook_secret: sent, overlap_seconds: seconds } = request;
    const { secret, revealed } = sealOrMake(this.#parts, sent ?? undefined);
    const { reference } = secret;
    return {
      call: ["rotate_secret", bucket, json],
      ignoredFields,
      revealedSecret: () => revealed,
      prepare: ready({
        target: { kind: "existing", identifier: bucket },
        command: { type: "rotate_secret", reference, overlapMs: seconds * 1_000 },
        secrets: [secret],
      }),
    };
  }

  #restore({ bucket, body, ...options }: OperationOf<"restore">): Asked {
    const { json, request, ignoredFields } = readBody(RestoreBucketRequest, body, options);
    const bucketName = request.bucket_name ?? undefined;
    return {
      call: ["restore", bucket, json],
      ignoredFields,
      prepare: plain(bucket, { type: "restore_bucket", bucketName }),
    };
  }
}

/** A body that may be left out. */
function readBody<Schema extends z.ZodObject>(
  schema: Schema,
  body: unknown,
  { strict }: ServedOperationOptions,
) {
  const json = toJson(body ?? {});
  return {
    json,
    request: parseBody(schema, json),
    ignoredFields: checkFields(strayFields(json, schema), strict === true),
  };
}

/** A command that needs nothing of the past. */
function ready(prepared: Prepared): Checked<OperationResult>["prepare"] {
  return async () => prepared;
}

/** A command that brings nothing but itself to a bucket that is there. */
function plain(bucket: string, command: BucketCommand): Checked<OperationResult>["prepare"] {
  return ready({ target: { kind: "existing", identifier: bucket }, command, secrets: [] });
}

function isOfAdapter({ path }: Change): boolean {
  return path.startsWith("/source_adapter");
}
