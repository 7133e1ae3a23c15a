/**
 * Turns a write to an object, as data, into one that was checked: its shape fits, its new blobs are
 * taken out, and its command is made. No rule of the domain is decided here.
 */

import type { ObjectOperation, ObjectWritten, ServedOperationOptions } from "../../api/index.js";
import { type BucketState, nameOf } from "../../domain/bucket/state.js";
import { isJsonObject, type JsonValue, toJson } from "../../domain/json.js";
import type { PreparedBlob } from "../../domain/object/blobs.js";
import type { CreateObject } from "../../domain/object/commands.js";
import { ObjectEvent, type SentHandling } from "../../domain/object/events.js";
import { checkCreateObject, checkPatchObject, takeBlobs } from "../../domain/object/requests.js";
import { renderObject } from "../../domain/object/response.js";
import type { PatchMediaType } from "../../domain/patch-media-type.js";
import { assertOwnerTakes, stateOfKind } from "../../domain/resource.js";
import { RevertRequest } from "../../domain/revert.js";
import { parseBody } from "../../domain/schemas.js";
import type { CommandResult } from "../../eventstore/store.js";
import type { Asker } from "../asker.js";
import { processingOf } from "../batches/operations.js";
import type { ServiceParts } from "../parts.js";
import { findOwner } from "../read/owners.js";
import { findObject, prepareReverting } from "../write/reverting.js";
import {
  type Checked,
  type Done,
  type Preparation,
  type Prepared,
  preconditionOf,
  preparedOnce,
} from "../write/writing.js";
import { writtenOf } from "../write/written.js";
import { prepareBlobs } from "./blobs.js";

type Asked = Pick<Checked<ObjectWritten>, "call" | "command" | "followedBy"> & {
  readonly ignoredFields?: readonly string[];
};

type OperationOf<Type extends ObjectOperation["type"]> = Extract<
  ObjectOperation,
  { readonly type: Type }
> &
  ServedOperationOptions;

/** What a source adapter knows of an object that it creates. */
type ToldBySource = Pick<CreateObject, "source" | "former">;

/**
 * @param isDry whether nothing may be kept, not even the bytes of a blob.
 * @param told of what a source adapter creates.
 */
export function checkObjectOperation(
  parts: ServiceParts,
  { namespace }: Pick<Asker, "namespace">,
  operation: ObjectOperation & ServedOperationOptions,
  isDry: boolean,
  told: ToldBySource = {},
): Checked<ObjectWritten> {
  const asked = ask({ parts, namespace, isDry }, operation, told);
  const { call, command, followedBy = [], ignoredFields = [] } = asked;
  return {
    call,
    command,
    followedBy,
    reason: operation.reason,
    precondition: preconditionOf(operation),
    render: async (done) => answerObjectWritten(done, ignoredFields),
  };
}

/** Where an operation is carried out. */
interface Place {
  readonly parts: ServiceParts;
  readonly namespace: string;
  /** Whether nothing may be kept, not even the bytes of a blob. */
  readonly isDry: boolean;
}

function ask(
  place: Place,
  operation: ObjectOperation & ServedOperationOptions,
  told: ToldBySource,
): Asked {
  switch (operation.type) {
    case "create_object":
      return create(place, operation, told);
    case "put_object":
      return put(place, operation);
    case "patch_object":
      return patch(place, operation);
    case "revert_object":
      return revert(place, operation);
    case "restore_object":
    case "delete_object": {
      const { type, bucket, object: id } = operation;
      const target = { kind: "member", bucket, id } as const;
      return { call: [type, bucket, id], command: { target, command: { type } } };
    }
  }
}

function create(place: Place, operation: OperationOf<"create_object">, told: ToldBySource): Asked {
  const { bucket, body, policy, autoProcess = false, strict } = operation;
  const json = toJson(body);
  const ignoredFields = checkCreateObject(json, strict === true);
  const { parts } = place;
  const target = { kind: "new_member", bucket, id: parts.newId("obj") } as const;
  return {
    call: ["create_object", bucket, policy ?? null, json, ...(autoProcess ? [true] : [])],
    ignoredFields,
    followedBy: autoProcess ? processingOf(parts, bucket) : [],
    command: withBlobs(place, operation, "application/json", json, (taken) => ({
      target,
      command: { type: "create_object", policy, ...fieldsOf(taken), ...told },
    })),
  };
}

function put(place: Place, operation: OperationOf<"put_object">): Asked {
  const { bucket, object, body, strict } = operation;
  const json = toJson(body);
  const ignoredFields = checkPatchObject("application/json", json, strict === true);
  return {
    call: ["put_object", bucket, object, json],
    ignoredFields,
    command: withBlobs(place, operation, "application/json", json, (taken) => ({
      target: { kind: "member", bucket, id: object },
      command: { type: "put_object", ...fieldsOf(taken) },
    })),
  };
}

function patch(place: Place, operation: OperationOf<"patch_object">): Asked {
  const { bucket, object, patch: sent, mediaType = "application/json", strict } = operation;
  const json = toJson(sent);
  const ignoredFields = checkPatchObject(mediaType, json, strict === true);
  return {
    call: ["patch_object", bucket, object, mediaType, json],
    ignoredFields,
    command: withBlobs(place, operation, mediaType, json, ({ body, ...taken }) => ({
      target: { kind: "member", bucket, id: object },
      command: { type: "patch_object", mediaType, patch: body, ...taken },
    })),
  };
}

function revert(place: Place, { bucket, object, body }: OperationOf<"revert_object">): Asked {
  const json = toJson(body);
  const request = parseBody(RevertRequest, json);
  const { fields } = request;
  const target = { kind: "member", bucket, id: object } as const;
  return {
    call: ["revert_object", bucket, object, json],
    command: prepareReverting(request, {
      find: (results) => findObject({ ...place, bucket, object }, results),
      revert: ({ to, document }) => ({
        target,
        command: { type: "revert_object", to, document, fields },
      }),
      undo: ({ event, ...undone }) => ({
        target,
        command: { type: "undo_object", ...undone, event: ObjectEvent.parse(event) },
      }),
    }),
  };
}

/** What a request sends, its new blobs taken out of it and stored. */
interface Taken {
  readonly body: JsonValue;
  readonly skipDuplicates: boolean;
  readonly sourceHandling: SentHandling | undefined;
  readonly isStrict: boolean;
  readonly blobs: readonly PreparedBlob[];
}

/** A command whose new blobs are stored once, however often the write is tried. */
function withBlobs(
  { parts, namespace, isDry }: Place,
  {
    bucket,
    strict,
    contents,
  }: { readonly bucket: string } & Pick<ServedOperationOptions, "strict" | "contents">,
  mediaType: PatchMediaType,
  json: JsonValue,
  toCommand: (taken: Taken) => Prepared,
): Preparation {
  const { blobs, ...taken } = takeBlobs(mediaType, json, () => parts.newId("blob"));
  const isStrict = strict === true;
  return preparedOnce(async (before) => {
    const owner = async () => {
      const bucketState = await ownerAfter(await before(), { parts, namespace, bucket });
      assertOwnerTakes("object", bucketState, parts.clock());
      return bucketState;
    };
    const { prepared, stored } = await prepareBlobs(blobs, { parts, owner, isDry, contents });
    return { ...toCommand({ ...taken, isStrict, blobs: prepared }), stored };
  });
}

/** The bucket as the operations before leave it, which may have made it. @throws NOT_FOUND */
function ownerAfter(
  results: readonly CommandResult[],
  place: { readonly parts: ServiceParts; readonly namespace: string; readonly bucket: string },
): BucketState | Promise<BucketState> {
  const touched = results.flatMap(({ state }) => (state.kind === "bucket" ? [state] : []));
  const isNamed = (state: BucketState) =>
    state.bucket_id === place.bucket.toLowerCase() ||
    nameOf(state) === place.bucket.normalize("NFC");
  return touched.findLast(isNamed) ?? findOwner(place.parts, place);
}

function fieldsOf({ body, ...taken }: Taken) {
  return { ...taken, fields: isJsonObject(body) ? body : {} };
}

export function answerObjectWritten(done: Done, ignoredFields: readonly string[]): ObjectWritten {
  const object = renderObject(stateOfKind("object", done.state));
  return { ...writtenOf(done, ignoredFields), object };
}
