/** What a list of objects knows of them: filters and sorts are about the object as it is answered. */
import type { FieldCatalog } from "../filter/fields.js";
import { ObjectResponse } from "./response.js";

/**
 * Open, because the user's fields stand at the root: also one that an earlier schema described can
 * be asked for, and one that no object has is simply missing.
 */
export const objectCatalog: FieldCatalog = {
  names: Object.keys(ObjectResponse.shape),
  times: ["created_at", "updated_at"],
  isOpen: true,
};

/** What is searched by `search`. */
export const searchedFields = ["object_id", "key_prefix"] as const;
