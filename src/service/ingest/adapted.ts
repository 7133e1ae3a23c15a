/** The source adapter of a bucket, read from its document. */
import type { z } from "zod";
import { IngestConfig, MappingConfig } from "../../domain/bucket/source-adapter.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { BucketsError } from "../../domain/errors.js";
import { isJsonObject, ownValue } from "../../domain/json.js";
import type { ResourceState } from "../../domain/resource.js";

/** The configuration of an adapter, and the bucket that has it. */
export interface Adapted {
  readonly owner: BucketState;
  readonly config: MappingConfig;
  readonly isEnabled: boolean;
  readonly batching: NonNullable<z.infer<typeof IngestConfig>["batching"]> | undefined;
}

/** @throws NOT_FOUND alike for a bucket that is not there and one without an adapter. */
export function adaptedOf(owner: ResourceState | undefined): Adapted {
  const isThere = owner?.kind === "bucket" && owner.deleted === undefined;
  const adapter = isThere ? ownValue(owner.document, "source_adapter") : undefined;
  if (!isThere || !isJsonObject(adapter)) {
    throw new BucketsError("NOT_FOUND", "There is no source adapter here.", {
      resource: "source_adapter",
    });
  }
  const { enabled, batching } = IngestConfig.parse(adapter);
  const config = MappingConfig.parse(adapter);
  return { owner, config, isEnabled: enabled, batching: batching ?? undefined };
}
