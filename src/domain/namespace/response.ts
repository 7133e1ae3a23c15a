/** A namespace as it is answered, made or implicit, with what is in it counted. */
import { z } from "zod";
import type { FieldCatalog } from "../filter/fields.js";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../json.js";
import type { Listing } from "../listing.js";
import { answeredTime, jsonObject } from "../schemas.js";
import { namespaceTypes } from "./requests.js";
import { namespaceSecrets } from "./secrets.js";
import type { NamespaceState } from "./state.js";

export const NamespaceResponse = z.object({
  /** Of one that nobody made, its name: it is what names it everywhere. */
  namespace_id: z.string(),
  namespace_name: z.string(),
  /** True while it is there only because something is in it. */
  is_implicit: z.boolean(),
  namespace_type: z.enum(namespaceTypes),
  description: z.string().optional(),
  feature_extractors: z.array(jsonObject),
  payload_indexes: z.array(jsonObject).optional(),
  auto_create_indexes: z.boolean(),
  infrastructure: jsonObject.optional(),
  /** The two are of the hosted API, where a cluster serves a namespace; of ours there are none. */
  cluster_id: z.string().optional(),
  vector_inference_map: jsonObject.optional(),
  bucket_count: z.number().int(),
  object_count: z.number().int(),
  /** Nothing here makes documents or collections. */
  document_count: z.literal(0),
  collection_count: z.literal(0),
  created_at: answeredTime.optional(),
  updated_at: answeredTime.optional(),
});
export type NamespaceResponse = Readonly<z.infer<typeof NamespaceResponse>>;

/** What is in a namespace. */
interface NamespaceCounts {
  readonly name: string;
  readonly bucketCount: number;
  readonly objectCount: number;
}

/** A namespace that is there: made, or with something in it. */
export interface CountedNamespace extends NamespaceCounts {
  /** Undefined for one that nobody made. */
  readonly state: NamespaceState | undefined;
}

/** The same without what it says of itself, which may be much. */
export interface FoundNamespace extends NamespaceCounts {
  /** Undefined for one that nobody made. */
  readonly namespaceId: string | undefined;
}

export const namespaceCatalog: FieldCatalog = {
  names: Object.keys(NamespaceResponse.shape),
  times: ["created_at", "updated_at"],
};

/** Those that nobody made come last in the default order. */
export const namespaceListing: Listing<CountedNamespace> = {
  fields: namespaceFields,
  searched: ["namespace_id", "namespace_name", "description"],
  createdAt: ({ state }) => state?.created_at ?? "",
  id: ({ name }) => name,
};

export function renderNamespace(counted: CountedNamespace): NamespaceResponse {
  return NamespaceResponse.parse(namespaceFields(counted));
}

/** The strong entity tag, without quotes: the version, and what is counted. */
export function namespaceTag({ state, bucketCount, objectCount }: CountedNamespace): string {
  return `${state?.version ?? 0}.${bucketCount}.${objectCount}`;
}

function namespaceFields({ name, state, bucketCount, objectCount }: CountedNamespace): JsonObject {
  const document = namespaceSecrets.maskDocument(state?.document ?? {});
  return {
    ...document,
    namespace_id: state?.namespace_id ?? name,
    namespace_name: name,
    is_implicit: state === undefined,
    namespace_type: ownValue(document, "namespace_type") ?? "standard",
    feature_extractors: extractorsOf(ownValue(document, "feature_extractors") ?? []),
    auto_create_indexes: ownValue(document, "auto_create_indexes") ?? false,
    bucket_count: bucketCount,
    object_count: objectCount,
    document_count: 0,
    collection_count: 0,
    ...(state && { created_at: state.created_at, updated_at: state.updated_at }),
  };
}

/** Each with the id that the hosted API makes of its name and version. */
function extractorsOf(stored: JsonValue): JsonValue {
  if (!isJsonArray(stored)) return [];
  return stored.filter(isJsonObject).map((extractor) => {
    const { feature_extractor_name: name, version } = extractor;
    return { ...extractor, feature_extractor_id: `${name}_${version}` };
  });
}
