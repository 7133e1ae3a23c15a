/** What is in a bucket, whatever it is: how it is listed and found. */
import { batchFields } from "./batch/response.js";
import { deliveryFields } from "./delivery/response.js";
import type { JsonObject } from "./json.js";
import type { Listing } from "./listing.js";
import { searchedFields } from "./object/list.js";
import { objectFields } from "./object/response.js";
import { type ResourceKind, type StateOf, streamOf } from "./resource.js";
import { uploadFields } from "./upload/response.js";

export type MemberKind = Exclude<ResourceKind, "bucket" | "connection">;
export type MemberState = StateOf<MemberKind>;

const searched = {
  object: searchedFields,
  batch: ["batch_id"],
  upload: ["upload_id", "filename"],
  delivery: ["delivery_id", "sender_id"],
} as const satisfies Record<MemberKind, readonly string[]>;

/** @param at the moment that the list is about, milliseconds. */
export function memberListing(kind: MemberKind, at: number): Listing<MemberState> {
  return {
    fields: (state) => memberFields(state, at),
    searched: searched[kind],
    createdAt: (state) => state.created_at,
    id: streamOf,
  };
}

function memberFields(state: MemberState, at: number): JsonObject {
  switch (state.kind) {
    case "object":
      return objectFields(state);
    case "batch":
      return batchFields(state, { at });
    case "upload":
      return uploadFields(state, { at });
    case "delivery":
      return deliveryFields(state);
  }
}
