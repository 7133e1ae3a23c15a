/**
 * The names that an object's requests and answers use themselves (CONTRACT: objects, and section 10
 * for those of the hosted API). No field of the user has one, so a schema that describes such a
 * field describes a value that nobody can set (`bucket-schema.ts`).
 */

/** What every object's document has beside the user's fields. */
export const ownFields = ["key_prefix", "metadata", "blobs"] as const;

/** Fields that only the server sets: a client may send them back, they are ignored by name. */
export const readOnlyFields = [
  "bucket_id",
  "object_id",
  "source_details",
  "status",
  "error",
  "created_at",
  "updated_at",
] as const;

/** How a URL is to be fetched: recorded, for nothing is fetched here. */
export const sourceHandlingFields = ["canonicalize_source", "force_remirror"] as const;

/** Said to the request, not kept in the document. */
export const requestFields = ["skip_duplicates", ...sourceHandlingFields] as const;

const notForUsers: ReadonlySet<string> = new Set([
  ...ownFields,
  ...readOnlyFields,
  ...requestFields,
]);

/** True for the name of a field of the user. */
export function isUserField(name: string): boolean {
  return !notForUsers.has(name);
}

/** What a schema cannot describe. `metadata` it can: its value is the user's own. */
export const undescribable: readonly string[] = [...notForUsers].filter(
  (name) => name !== "metadata",
);
