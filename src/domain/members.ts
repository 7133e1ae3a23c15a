/** What is in a bucket, whatever it is: how it is listed and found. */
import type { Listing } from "./listing.js";
import { type MemberKind, memberNamed, type StateOf, streamOf } from "./resource.js";

export type MemberState = StateOf<MemberKind>;

/** @param at the moment that the list is about, milliseconds. */
export function memberListing(kind: MemberKind, at: number): Listing<MemberState> {
  const { fields, searched } = memberNamed(kind).listing;
  return {
    fields: (state) => fields(state, at),
    searched,
    createdAt: (state) => state.created_at,
    id: streamOf,
  };
}
