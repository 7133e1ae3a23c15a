/** Takes steps of a seed in a store, here or behind a server, and tells what came of them. */
import type { CommitOptions, Operation, OperationResult } from "../../api/index.js";
import type { FurtherDeed, SeedPlace } from "./step.js";

/** What a step made, as far as later ones may speak of it. */
export interface Made {
  readonly id?: string | undefined;
  readonly blobIds?: readonly string[];
  /** A token with its secret, which is shown this once. */
  readonly token?: { readonly name: string; readonly token: string };
}

export async function takeOne(
  { namespace }: SeedPlace,
  operation: Operation<unknown>,
  commit: CommitOptions,
): Promise<Made> {
  return madeBy(await namespace.write(operation, commit));
}

/** As one. */
export async function takeTogether(
  { namespace }: SeedPlace,
  operations: readonly Operation<unknown>[],
  commit: CommitOptions,
): Promise<readonly Made[]> {
  const { results } = await namespace.transaction(operations, commit);
  return results.map(madeBy);
}

function madeBy(result: OperationResult): Made {
  if ("bucket" in result) return { id: result.bucket.bucket_id };
  if ("object" in result) {
    const { object_id: id, blobs } = result.object;
    return { id, blobIds: blobs.map(({ blob_id }) => blob_id) };
  }
  if ("batch" in result) return { id: result.batch.batch_id };
  if ("upload" in result) return { id: result.upload.upload_id };
  if ("sync" in result) return { id: result.sync.sync_config_id };
  if ("connection" in result) return { id: result.connection.connection_id };
  return {};
}

/** @param caller who does what no namespace is asked for. */
export async function takeFurther(
  { store, namespace }: SeedPlace,
  deed: FurtherDeed,
  caller: { readonly actor?: string; readonly requestId?: string },
  options: CommitOptions & { readonly reason?: string | undefined },
): Promise<Made> {
  const namespaces = store.namespaces.as(caller);
  switch (deed.type) {
    case "create_namespace":
      return { id: (await namespaces.create(deed.body, options)).namespace.namespace_id };
    case "patch_namespace":
      await namespaces.patch(deed.of, deed.patch, options);
      return {};
    case "delete_namespace":
      await namespaces.delete(deed.of, options);
      return {};
    case "receive_upload":
      await namespace.uploads(deed.bucket).receive(deed.upload, inOne(deed.bytes));
      return {};
    case "confirm_upload": {
      const uploads = namespace.uploads(deed.bucket);
      const { upload } = await uploads.confirm(deed.upload, deed.body, options);
      return { id: upload.object_id };
    }
    case "claim_batch":
      await namespace.claimBatch(deed.body, options);
      return {};
    case "create_token": {
      const { idempotencyKey } = options;
      const made = await store.tokens.create(deed.body, { idempotencyKey });
      const { token_id: id, name, token } = made;
      return { id, token: { name, token } };
    }
  }
}

async function* inOne(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
