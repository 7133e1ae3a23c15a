/** What an event of something in a bucket does to the statistics of the bucket. */
import type { BatchState } from "./batch/state.js";
import type { StatsChange } from "./bucket/stats.js";
import type { RecordedEvent } from "./event.js";
import { isJsonObject, type JsonObject } from "./json.js";
import { blobsOf } from "./object/document.js";
import { objectSize } from "./object/response.js";
import type { ObjectState } from "./object/state.js";
import { type ResourceState, stateOfKind } from "./resource.js";

/** An event with the states around it. */
interface Applied {
  readonly recorded: RecordedEvent;
  readonly before: ResourceState | undefined;
  readonly after: ResourceState;
}

/** Undefined for what never moves statistics. */
export function statsChangeOf({ recorded, before, after }: Applied): StatsChange | undefined {
  const { position, recordedAt } = recorded;
  switch (after.kind) {
    case "bucket":
    case "delivery":
    case "connection":
      return undefined;
    case "upload": {
      const broughtBytes = recorded.event.type === "upload.confirmed";
      return { position, recordedAt, broughtBytes };
    }
    case "object": {
      const was = before === undefined ? undefined : stateOfKind("object", before);
      return {
        position,
        recordedAt,
        object: { was: sizeOf(was), is: sizeOf(after) },
        broughtBytes: bringsBytes(was, after),
      };
    }
    case "batch": {
      const was = before === undefined ? undefined : stateOfKind("batch", before);
      return { position, recordedAt, batch: { was: statusOf(was), is: statusOf(after) } };
    }
  }
}

function sizeOf(state: ObjectState | undefined): number | undefined {
  return state === undefined || state.deleted !== undefined ? undefined : objectSize(state);
}

function statusOf(state: BatchState | undefined) {
  return state === undefined || state.deleted !== undefined ? undefined : state.status;
}

/** True when the event added a blob whose bytes came with it. */
function bringsBytes(was: ObjectState | undefined, is: ObjectState): boolean {
  const known = new Set(blobsOf(was?.document ?? {}).map((blob) => blob["blob_id"]));
  return blobsOf(is.document).some((blob) => !known.has(blob["blob_id"]) && holdsBytes(blob));
}

function holdsBytes(blob: JsonObject): boolean {
  const kind = sourceOf(blob)["kind"];
  return kind === "stored" || kind === "value";
}

function sourceOf(blob: JsonObject): JsonObject {
  const source = blob["source"];
  return source !== undefined && isJsonObject(source) ? source : {};
}

/** The stored contents that the state refers to, by their hashes. */
export function referencedHashes(state: ResourceState): readonly string[] {
  switch (state.kind) {
    case "bucket":
    case "batch":
    case "delivery":
    case "connection":
      return [];
    case "upload":
      return state.hash === undefined ? [] : [state.hash];
    case "object":
      return blobsOf(state.document).flatMap((blob) => {
        const hash = sourceOf(blob)["hash"];
        return typeof hash === "string" ? [hash] : [];
      });
  }
}
