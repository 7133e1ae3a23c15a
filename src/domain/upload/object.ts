/** The object that an upload becomes: what the bucket's schema makes of what was announced. Pure. */
import { type BucketsError, invalidAt } from "../errors.js";
import type { JsonObject } from "../json.js";
import type { PreparedBlob } from "../object/blobs.js";
import { blobTypeOf, takesValue } from "../object/fields.js";
import type { UploadDocument } from "./events.js";

/**
 * The type of its blob.
 * @throws VALIDATION_FAILED when the schema takes no blob at the property, or no longer.
 */
export function uploadBlobType(schema: JsonObject, property: string): PreparedBlob["type"] {
  const type = blobTypeOf(schema, property);
  if (type === undefined) throw noBlobProperty(property);
  return type;
}

function noBlobProperty(property: string): BucketsError {
  return invalidAt(
    ["body", "blob_property"],
    "unknown_property",
    `The bucket's schema has no property "${property}" that takes blobs: name one that does in ` +
      "blob_property, or send create_object_on_confirm: false.",
  );
}

/** What the schema has fields for are fields of the object; the rest is its metadata. */
export function uploadFields(
  schema: JsonObject,
  { object_metadata }: Pick<UploadDocument, "object_metadata">,
): JsonObject {
  const members = Object.entries(object_metadata);
  const isField = ([name]: (typeof members)[number]) => takesValue(schema, name);
  return {
    ...Object.fromEntries(members.filter(isField)),
    metadata: Object.fromEntries(members.filter((member) => !isField(member))),
  };
}
