/**
 * Turns a write to an object, as data, into one that was checked: its shape fits, its new blobs are
 * taken out, and its command is made. No rule of the domain is decided here.
 */
import type { PatchMediaType } from "../domain/bucket/patch.js";
import { RevertBucketRequest } from "../domain/bucket/revert.js";
import { changesOf } from "../domain/history.js";
import { isJsonObject, type JsonValue, toJson } from "../domain/json.js";
import type { PreparedBlob } from "../domain/object/blobs.js";
import type { ObjectSource } from "../domain/object/events.js";
import { ObjectEvent } from "../domain/object/events.js";
import { checkCreateObject, checkPatchObject, takeBlobs } from "../domain/object/requests.js";
import { renderObject } from "../domain/object/response.js";
import { stateOfKind } from "../domain/resource.js";
import { parseBody } from "../domain/schemas.js";
import { processingOf } from "./batch-operations.js";
import { prepareBlobs } from "./blobs.js";
import type { ObjectOperation, ObjectWritten, ServedOperationOptions } from "./interface.js";
import { findOwner } from "./owners.js";
import type { ServiceParts } from "./parts.js";
import { findObject, prepareReverting } from "./reverting.js";
import { type Checked, checkReason, type Done, preconditionOf } from "./writing.js";

type Asked = Pick<Checked<ObjectWritten>, "call" | "prepare" | "followedBy"> & {
  readonly ignoredFields?: readonly string[];
};

type OperationOf<Type extends ObjectOperation["type"]> = Extract<
  ObjectOperation,
  { readonly type: Type }
> &
  ServedOperationOptions;

/** The new blobs of a write, stored once however often the write is prepared. */
interface Body {
  readonly body: JsonValue;
  readonly skipDuplicates: boolean;
  readonly prepared: () => Promise<readonly PreparedBlob[]>;
}

export class ObjectOperations {
  readonly #parts: ServiceParts;
  readonly #namespace: string;

  constructor(parts: ServiceParts, namespace: string) {
    this.#parts = parts;
    this.#namespace = namespace;
  }

  /**
   * @param isDry whether nothing may be kept, not even the bytes of a blob.
   * @param source of what a source adapter creates.
   * @throws BAD_REQUEST for what is wrong with the options, before VALIDATION_FAILED.
   */
  check(
    operation: ObjectOperation & ServedOperationOptions,
    isDry: boolean,
    source?: ObjectSource,
  ): Checked<ObjectWritten> {
    checkReason(operation.reason);
    const {
      call,
      prepare,
      followedBy = [],
      ignoredFields = [],
    } = this.#ask(operation, isDry, source);
    return {
      call,
      prepare,
      followedBy,
      reason: operation.reason,
      precondition: preconditionOf(operation),
      render: async (done) => answerObjectWritten(done, ignoredFields),
    };
  }

  #ask(
    operation: ObjectOperation & ServedOperationOptions,
    isDry: boolean,
    source: ObjectSource | undefined,
  ): Asked {
    switch (operation.type) {
      case "create_object":
        return this.#create(operation, isDry, source);
      case "put_object":
        return this.#put(operation, isDry);
      case "patch_object":
        return this.#patch(operation, isDry);
      case "revert_object":
        return this.#revert(operation);
      case "restore_object":
      case "delete_object": {
        const { type, bucket, object } = operation;
        const command = { type } as const;
        const target = { kind: "member", bucket, id: object } as const;
        return {
          call: [type, bucket, object],
          prepare: async () => ({ target, command, secrets: [] }),
        };
      }
    }
  }

  #create(
    operation: OperationOf<"create_object">,
    isDry: boolean,
    source: ObjectSource | undefined,
  ): Asked {
    const { bucket, body, policy, autoProcess = false, strict } = operation;
    const json = toJson(body);
    const ignoredFields = checkCreateObject(json, strict === true);
    const taken = this.#take("application/json", json, bucket, isDry);
    const target = { kind: "new_member", bucket, id: this.#parts.newId("obj") } as const;
    return {
      call: ["create_object", bucket, policy ?? null, json, ...(autoProcess ? [true] : [])],
      ignoredFields,
      followedBy: autoProcess ? processingOf(this.#parts, bucket) : [],
      prepare: async () => ({
        target,
        secrets: [],
        command: {
          type: "create_object",
          policy,
          fields: isJsonObject(taken.body) ? taken.body : {},
          skipDuplicates: taken.skipDuplicates,
          blobs: await taken.prepared(),
          ...(source !== undefined && { source }),
        },
      }),
    };
  }

  #put({ bucket, object, body, strict }: OperationOf<"put_object">, isDry: boolean): Asked {
    const json = toJson(body);
    const ignoredFields = checkPatchObject("application/json", json, strict === true);
    const taken = this.#take("application/json", json, bucket, isDry);
    return {
      call: ["put_object", bucket, object, json],
      ignoredFields,
      prepare: async () => ({
        target: { kind: "member", bucket, id: object },
        secrets: [],
        command: {
          type: "put_object",
          fields: isJsonObject(taken.body) ? taken.body : {},
          skipDuplicates: taken.skipDuplicates,
          blobs: await taken.prepared(),
        },
      }),
    };
  }

  #patch(operation: OperationOf<"patch_object">, isDry: boolean): Asked {
    const { bucket, object, patch, mediaType = "application/json", strict } = operation;
    const json = toJson(patch);
    const ignoredFields = checkPatchObject(mediaType, json, strict === true);
    const taken = this.#take(mediaType, json, bucket, isDry);
    return {
      call: ["patch_object", bucket, object, mediaType, json],
      ignoredFields,
      prepare: async () => ({
        target: { kind: "member", bucket, id: object },
        secrets: [],
        command: {
          type: "patch_object",
          mediaType,
          patch: taken.body,
          skipDuplicates: taken.skipDuplicates,
          blobs: await taken.prepared(),
        },
      }),
    };
  }

  #revert({ bucket, object, body }: OperationOf<"revert_object">): Asked {
    const json = toJson(body);
    const request = parseBody(RevertBucketRequest, json);
    const { fields } = request;
    const place = { parts: this.#parts, namespace: this.#namespace, bucket, object };
    const target = { kind: "member", bucket, id: object } as const;
    return {
      call: ["revert_object", bucket, object, json],
      prepare: prepareReverting(request, {
        find: (results) => findObject(place, results),
        revert: ({ to, document }) => ({
          target,
          command: { type: "revert_object", to, document, fields },
          secrets: [],
        }),
        undo: ({ event, ...undone }) => ({
          target,
          command: { type: "undo_object", ...undone, event: ObjectEvent.parse(event) },
          secrets: [],
        }),
      }),
    };
  }

  /** @throws NOT_FOUND */
  async #bucketId(bucket: string): Promise<string> {
    const owner = await findOwner(this.#parts, { namespace: this.#namespace, bucket });
    return owner.bucket_id;
  }

  #take(mediaType: PatchMediaType, json: JsonValue, bucket: string, isDry: boolean): Body {
    const { body, blobs, skipDuplicates } = takeBlobs(mediaType, json, () =>
      this.#parts.newId("blob"),
    );
    const bucketId = () => this.#bucketId(bucket);
    let prepared: Promise<readonly PreparedBlob[]> | undefined;
    return {
      body,
      skipDuplicates,
      prepared: () => {
        prepared ??= prepareBlobs(blobs, { parts: this.#parts, bucketId, isDry });
        return prepared;
      },
    };
  }
}

function answerObjectWritten(done: Done, ignoredFields: readonly string[]): ObjectWritten {
  const { recorded, replayed, dryRun } = done;
  const state = stateOfKind("object", done.state);
  return {
    object: renderObject(state),
    version: state.version,
    position: state.position,
    tag: String(state.version),
    changes: changesOf(recorded.event),
    ignoredFields,
    replayed,
    dryRun,
  };
}
