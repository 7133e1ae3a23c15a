/** What can stand where in the document of a bucket, for who writes it as JSON. */
import { adapterTypes, fieldTypes, storageClasses } from "../../../client/index.js";

interface Hints {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

interface Place extends Partial<Hints> {
  /** The keys that lead there; `*` is any. */
  readonly path: string;
}

const places: readonly Place[] = [
  {
    path: "",
    keys: [
      "bucket_name",
      "description",
      "storage_class",
      "metadata",
      "bucket_schema",
      "source_adapter",
    ],
  },
  { path: "storage_class", values: storageClasses },
  { path: "bucket_schema", keys: ["properties"] },
  {
    path: "bucket_schema/properties/*",
    keys: ["type", "required", "enum", "default", "description", "examples", "items", "properties"],
  },
  { path: "bucket_schema/properties/*/type", values: fieldTypes },
  {
    path: "source_adapter",
    keys: [
      "adapter_type",
      "enabled",
      "event_filter",
      "field_mapping",
      "blob_source",
      "batching",
      "dedup_key",
      "connection_id",
    ],
  },
  { path: "source_adapter/adapter_type", values: adapterTypes },
  { path: "source_adapter/batching/mode", values: ["time_window", "immediate", "size", "manual"] },
];

const nothing: Hints = { keys: [], values: [] };

/** @param path the keys that lead to where something is written. */
export function hintsAt(path: readonly string[]): Hints {
  const place = places.find(({ path: pattern }) => {
    const wanted = pattern === "" ? [] : pattern.split("/");
    return (
      wanted.length === path.length &&
      wanted.every((key, index) => key === "*" || key === path[index])
    );
  });
  return { ...nothing, ...place };
}
