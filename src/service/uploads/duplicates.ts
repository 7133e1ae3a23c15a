/**
 * Looks for what there is already of an upload that is announced. What is found is only looked at
 * again when it is decided: what comes meanwhile is a duplicate that is kept, which harms nobody.
 */
import { type BucketState, schemaOf } from "../../domain/bucket/state.js";
import { keyHolderKeys } from "../../domain/object/keys.js";
import type { UploadDuplicates } from "../../domain/upload/commands.js";
import { uploadFields } from "../../domain/upload/object.js";
import type { CreateUploadRequest } from "../../domain/upload/requests.js";
import type { ServiceParts } from "../parts.js";

type Sought = Pick<
  CreateUploadRequest,
  "skip_duplicates" | "file_hash" | "create_object_on_confirm" | "object_metadata"
>;

/** Nothing for who wants duplicates, or names a bucket that is not there. */
export async function findDuplicates(
  { view }: Pick<ServiceParts, "view">,
  { namespace, bucket }: { readonly namespace: string; readonly bucket: string },
  sought: Sought,
): Promise<UploadDuplicates> {
  if (!sought.skip_duplicates) return {};
  const owner = await view.find(namespace, bucket);
  if (owner === undefined) return {};
  const [known] = sought.create_object_on_confirm ? keysOf(owner, sought) : [];
  const { file_hash: hash } = sought;
  return {
    upload: hash && (await view.uploadWith(owner.bucket_id, hash))?.upload_id,
    object: known && (await view.holder(known)),
  };
}

/** Where a bucket updates what has the key, an upload is how it does: that is no duplicate. */
function keysOf(owner: BucketState, sought: Sought) {
  const policy = owner.unique_key?.default_policy ?? "insert";
  if (owner.unique_key === undefined || policy !== "insert") return [];
  return keyHolderKeys(uploadFields(schemaOf(owner.document), sought), owner);
}
