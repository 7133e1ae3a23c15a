/** What can be chosen in a bucket, as plain tables: clients have them without the schemas. */

export const scalarTypes = [
  "string",
  "number",
  "integer",
  "float",
  "boolean",
  "date",
  "datetime",
  "text",
  "uuid",
] as const;

export const blobTypes = [
  "text",
  "image",
  "audio",
  "video",
  "pdf",
  "excel",
  "json",
  "binary",
  "document",
] as const;

export const fieldTypes: readonly string[] = [
  ...new Set<string>([...scalarTypes, ...blobTypes, "object", "array"]),
];

/** What a creation does when its key is taken or free. */
export const policies = ["insert", "update", "upsert"] as const;
export type Policy = (typeof policies)[number];

export const storageClasses = ["standard", "nearline", "coldline", "archive"] as const;

export const adapterTypes = ["mux", "supabase", "generic_webhook"] as const;
