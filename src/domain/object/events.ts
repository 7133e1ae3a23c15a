/** What can have happened to an object. A stored shape is never narrowed; add a type or an upcaster. */
import { z } from "zod";
import { Change } from "../change.js";
import { patchMediaTypes } from "../patch-media-type.js";

export const ObjectSource = z.object({
  /** Events about the same thing change the same object. */
  identity: z.string().optional(),
  /** RFC 3339, UTC. */
  time: z.string().optional(),
});
export type ObjectSource = Readonly<z.infer<typeof ObjectSource>>;

/** How the hosted API is asked to fetch a source. Nothing is fetched here, so that it is only told. */
export const SourceHandling = z.object({
  canonicalize_source: z.boolean().optional(),
  force_remirror: z.boolean().optional(),
});
export type SourceHandling = Readonly<z.infer<typeof SourceHandling>>;

/** That of the whole object, and of its blobs by their ids. */
export const SentHandling = SourceHandling.extend({
  blobs: z.record(z.string(), SourceHandling).optional(),
});
export type SentHandling = Readonly<z.infer<typeof SentHandling>>;

const effect = {
  changes: z.array(Change),
  /** The unique key that the document has from now on, where it is another. */
  unique_key_value: z.string().optional(),
  /** What it is about, and how it was then, as a source adapter was told. */
  source: ObjectSource.optional(),
  source_handling: SentHandling.optional(),
};

const ObjectCreated = z.object({
  type: z.literal("object.created"),
  data: z.object(effect),
});

const ObjectPatched = z.object({
  type: z.literal("object.patched"),
  data: z.object({ media_type: z.enum(patchMediaTypes), ...effect }),
});

const ObjectDeleted = z.object({
  type: z.literal("object.deleted"),
  data: z.object({}),
});

/** The document, or some fields of it, were put back to a version. */
const ObjectReverted = z.object({
  type: z.literal("object.reverted"),
  data: z.object({ revert_of: z.number(), ...effect }),
});

/** What one event did was taken back. */
const ObjectUndone = z.object({
  type: z.literal("object.undone"),
  data: z.object({ revert_of: z.number(), ...effect }),
});

/** A deleted object is back as it was, and takes its unique key again. */
const ObjectRestored = z.object({
  type: z.literal("object.restored"),
  data: z.object({ changes: z.array(Change) }),
});

export const ObjectEvent = z.discriminatedUnion("type", [
  ObjectCreated,
  ObjectPatched,
  ObjectDeleted,
  ObjectReverted,
  ObjectUndone,
  ObjectRestored,
]);
export type ObjectEvent = Readonly<z.infer<typeof ObjectEvent>>;
