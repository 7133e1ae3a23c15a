/** The document of a bucket as lines: every field by its pointer, in the order that people look for. */
import {
  type BlameEntry,
  type BlameResponse,
  type BucketResponse,
  formatPointer,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../../client/index.js";

const patchable = [
  "bucket_name",
  "description",
  "storage_class",
  "metadata",
  "bucket_schema",
  "source_adapter",
] as const;

/** What the server adds to an adapter when it answers. */
const answeredOnly: readonly string[] = ["webhook_url", "previous_secret_valid_until"];

/** What can be changed of a bucket. */
export function documentOf(bucket: BucketResponse): JsonObject {
  const { source_adapter: adapter } = bucket;
  const kept = Object.entries(adapter ?? {}).filter(([key]) => !answeredOnly.includes(key));
  return Object.fromEntries(
    patchable.flatMap((name): [string, JsonValue][] => {
      const value = name === "source_adapter" ? adapter && Object.fromEntries(kept) : bucket[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export interface DocumentLine {
  readonly pointer: string;
  readonly key: string;
  readonly depth: number;
  readonly value: JsonValue;
  /** Whether the lines below it are its members, which can be folded away. */
  readonly isBranch: boolean;
  readonly isOpen: boolean;
}

/** The lines of a document; what is folded has none below it. */
export function linesOf(
  document: JsonObject,
  isOpen: (pointer: string) => boolean,
): DocumentLine[] {
  const lines: DocumentLine[] = [];
  const collect = (object: JsonObject, above: readonly string[]) => {
    for (const [key, value] of Object.entries(object)) {
      const tokens = [...above, key];
      const pointer = formatPointer(tokens);
      const isBranch = isJsonObject(value) && Object.keys(value).length > 0;
      const open = isBranch && isOpen(pointer);
      lines.push({ pointer, key, depth: above.length, value, isBranch, isOpen: open });
      if (open) collect(value, tokens);
    }
  };
  collect(document, []);
  return lines;
}

/** True when one of the pointers is the other, or lies below it. */
export function isRelated(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/** Who set the field last; of an object, the newest below it. */
export function blameAt(blame: BlameResponse, pointer: string): BlameEntry | undefined {
  const own = blame[pointer];
  if (own !== undefined) return own;
  return Object.entries(blame)
    .filter(([path]) => path.startsWith(`${pointer}/`))
    .map(([, entry]) => entry)
    .reduce<BlameEntry | undefined>(
      (newest, entry) => (newest === undefined || entry.version > newest.version ? entry : newest),
      undefined,
    );
}
