/** The fields of a resource by their dotted names, as filters and sorts name them. */
import { type Pointer, parsePointer } from "../pointer.js";

/** The root fields that a list of some resource knows. */
export interface FieldCatalog {
  readonly names: readonly string[];
  /** Those that hold a time: what they are compared with is a time as well. */
  readonly times: readonly string[];
  /** True when a resource can have fields at its root beside these. */
  readonly isOpen?: boolean;
}

/**
 * The place that a field names: `metadata.team`, or a JSON Pointer such as `/metadata/a.b` for keys
 * with a dot. An item of an array is named by its index. Nothing is looked up by it but own
 * properties, so that every key is inert.
 */
export function parseField(field: string): Pointer | undefined {
  return field.startsWith("/") ? parsePointer(field) : field.split(".");
}
