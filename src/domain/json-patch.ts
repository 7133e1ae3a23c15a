/**
 * JSON Patch (RFC 6902) with the strictness of the RFC and without prototypes. fast-json-patch
 * makes the elementary changes; pointers, existence and equality are checked here, because the
 * library accepts array properties, bans `__proto__` and reads inherited members. This is the only
 * file that imports it, by its default export: the named ones fail in plain Node.
 */
import jsonpatch from "fast-json-patch";
import { z } from "zod";
import { BucketsError, invalidAt } from "./errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  jsonBytes,
  jsonDepth,
  jsonEqual,
  tooDeep,
} from "./json.js";
import { limits } from "./limits.js";
import { arrayIndex, isWithin, type Pointer, parsePointer, valueAt } from "./pointer.js";
import { jsonValue, parseWith } from "./schemas.js";

const pointerText = z.string().refine((text) => parsePointer(text) !== undefined, {
  error: "Send a JSON Pointer (RFC 6901), such as /metadata/team.",
});

const JsonPatchOperation = z.discriminatedUnion("op", [
  z.object({ op: z.literal("add"), path: pointerText, value: jsonValue }),
  z.object({ op: z.literal("remove"), path: pointerText }),
  z.object({ op: z.literal("replace"), path: pointerText, value: jsonValue }),
  z.object({ op: z.literal("move"), from: pointerText, path: pointerText }),
  z.object({ op: z.literal("copy"), from: pointerText, path: pointerText }),
  z.object({ op: z.literal("test"), path: pointerText, value: jsonValue }),
]);
type JsonPatchOperation = z.infer<typeof JsonPatchOperation>;

/** The JSON Patch document, for the OpenAPI description. */
export const JsonPatch = z.array(JsonPatchOperation).max(limits.patchOperationsMax);

/** What a guard sees of an operation, before it is applied to `current`. */
interface GuardedOperation {
  readonly op: JsonPatchOperation["op"];
  readonly path: string;
  readonly from?: string;
}
export type Guard = (operation: GuardedOperation, current: JsonValue, index: number) => void;

/**
 * The operations of a JSON Patch document.
 *
 * @throws BAD_REQUEST for a malformed operation, with its index (RFC 5789 section 2.2);
 * VALIDATION_FAILED for more than 1,000 operations.
 */
export function parseJsonPatch(patch: JsonValue): JsonPatchOperation[] {
  if (!isJsonArray(patch)) {
    throw new BucketsError("BAD_REQUEST", "A JSON Patch is an array of operations (RFC 6902).");
  }
  if (patch.length > limits.patchOperationsMax) {
    const message = `Send at most ${limits.patchOperationsMax} operations; here are ${patch.length}.`;
    throw new BucketsError("VALIDATION_FAILED", message, {
      validation_errors: [{ type: "too_many_operations", location: ["body"], message }],
    });
  }
  return patch.map((operation, index) => {
    const fitted = parseWith(JsonPatchOperation, operation, []);
    if (fitted.issues === undefined) return fitted.data;
    const [fault] = fitted.issues;
    throw new BucketsError(
      "BAD_REQUEST",
      `Operation ${index} of the JSON Patch is malformed at ${fault?.location.join(".") || "its op"}: ${fault?.message}`,
      { operation_index: index },
    );
  });
}

/**
 * The document after all operations, in order; when one fails, none is applied.
 *
 * @param guard is asked before each operation and may refuse it by throwing.
 * @throws BAD_REQUEST for a malformed patch; CONFLICT with the index of an operation whose `test`
 * fails or whose path does not exist; PAYLOAD_TOO_LARGE when copies outgrow a document;
 * VALIDATION_FAILED when the result is nested too deep, or when items of arrays are moved too often.
 */
export function applyJsonPatch(document: JsonValue, patch: JsonValue, guard: Guard): JsonValue {
  const operations = parseJsonPatch(patch);
  let copiedBytes = 0;
  let movedItems = 0;
  const result = operations.reduce((current, operation, index) => {
    guard(operation, current, index);
    movedItems += itemsBehind(current, operation);
    if (movedItems > limits.patchMovedItemsMax) throw tooManyMoved(index);
    if (operation.op === "copy") copiedBytes += copySize(current, operation.from);
    if (copiedBytes > limits.documentBytesMax) {
      throw new BucketsError(
        "PAYLOAD_TOO_LARGE",
        `Operation ${index} copies past the size of a document.`,
        {
          operation_index: index,
          limit_bytes: limits.documentBytesMax,
        },
      );
    }
    return applyOperation(current, operation, index);
  }, withoutPrototypes(document));
  assertDepth(result);
  return withPrototypes(result);
}

/** Asked before a value is walked: copies and moves can nest a document deeper than the stack is. */
function assertDepth(value: JsonValue): void {
  if (jsonDepth(value) > limits.jsonDepthMax) throw tooDeep();
}

/** The items of arrays that an operation makes change their places: that many are really moved. */
function itemsBehind(document: JsonValue, operation: JsonPatchOperation): number {
  switch (operation.op) {
    case "add":
    case "remove":
    case "copy":
      return behind(document, operation.path);
    case "move":
      return behind(document, operation.from) + behind(document, operation.path);
    case "replace":
    case "test":
      return 0;
  }
}

function behind(document: JsonValue, path: string): number {
  const pointer = parsePointer(path) ?? [];
  const parent = valueAt(document, pointer.slice(0, -1));
  if (!isJsonArray(parent)) return 0;
  return Math.max(0, parent.length - (arrayIndex(pointer.at(-1) ?? "") ?? parent.length));
}

function tooManyMoved(index: number): BucketsError {
  return invalidAt(
    ["body", index, "path"],
    "too_many_moved_items",
    "The operations move too many items of long arrays: replace the array as a whole, or add at its end.",
  );
}

function copySize(document: JsonValue, from: string): number {
  const value = valueAt(document, parsePointer(from) ?? []);
  if (value === undefined) return 0;
  assertDepth(value);
  return jsonBytes(value);
}

function applyOperation(
  document: JsonValue,
  operation: JsonPatchOperation,
  index: number,
): JsonValue {
  switch (operation.op) {
    case "add":
      assertCanAdd(document, operation.path, index);
      return change(document, { ...operation, value: withoutPrototypes(operation.value) });
    case "remove":
      assertExists(document, operation.path, index);
      return change(document, operation);
    case "replace":
      assertExists(document, operation.path, index);
      return change(document, { ...operation, value: withoutPrototypes(operation.value) });
    case "move": {
      const value = assertExists(document, operation.from, index);
      if (operation.from === operation.path) return document;
      assertNotInside(operation.from, operation.path, index);
      const removed = change(document, { op: "remove", path: operation.from });
      assertCanAdd(removed, operation.path, index);
      return change(removed, { op: "add", path: operation.path, value });
    }
    case "copy": {
      const value = withoutPrototypes(assertExists(document, operation.from, index));
      assertCanAdd(document, operation.path, index);
      return change(document, { op: "add", path: operation.path, value });
    }
    case "test": {
      const value = assertExists(document, operation.path, index);
      if (jsonEqual(value, operation.value)) return document;
      throw conflict(index, `the test of ${operation.path || "the whole document"} fails`);
    }
  }
}

type ElementaryChange =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/** One checked change, made in place: the document is a copy of ours. */
function change(document: JsonValue, operation: ElementaryChange): JsonValue {
  return jsonpatch.applyOperation<JsonValue>(document, { ...operation }, false, true, false)
    .newDocument;
}

function assertExists(document: JsonValue, path: string, index: number): JsonValue {
  const value = valueAt(document, parsePointer(path) ?? []);
  if (value === undefined) throw conflict(index, `${path} does not exist`);
  return value;
}

/** The parent exists and takes such a member: any key of an object, 0 to length or "-" of an array. */
function assertCanAdd(document: JsonValue, path: string, index: number): void {
  const pointer = parsePointer(path) ?? [];
  const token = pointer.at(-1);
  if (token === undefined) return;
  const parent = valueAt(document, pointer.slice(0, -1));
  if (isJsonObject(parent)) return;
  if (!isJsonArray(parent)) throw conflict(index, `the parent of ${path} does not exist`);
  const at = token === "-" ? parent.length : arrayIndex(token);
  if (at === undefined || at > parent.length) {
    throw conflict(index, `${path} is no index of an array of ${parent.length}`);
  }
}

function assertNotInside(from: string, path: string, index: number): void {
  const inside: Pointer = parsePointer(path) ?? [];
  if (isWithin(inside, parsePointer(from) ?? [])) {
    throw conflict(index, `${from} cannot move into itself`);
  }
}

function conflict(index: number, why: string): BucketsError {
  return new BucketsError(
    "CONFLICT",
    `Operation ${index} of the JSON Patch cannot be applied: ${why}.`,
    {
      operation_index: index,
    },
  );
}

/** A deep copy whose objects have no prototype, so that no key of it is special. */
function withoutPrototypes(value: JsonValue): JsonValue {
  return copy(value, () => Object.create(null));
}

function withPrototypes(value: JsonValue): JsonValue {
  return copy(value, () => ({}));
}

function copy(value: JsonValue, empty: () => Record<string, JsonValue>): JsonValue {
  if (isJsonArray(value)) return value.map((item) => copy(item, empty));
  if (!isJsonObject(value)) return value;
  const object = empty();
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(object, key, {
      value: copy(item, empty),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return object;
}
