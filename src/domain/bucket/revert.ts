/**
 * Putting a bucket back: its document of an earlier version, some fields of it, or what it was
 * without one event; and never an old secret (CONTRACT: source adapters): the current one stays.
 */
import { z } from "zod";
import type { Change } from "../change.js";
import { BucketsError } from "../errors.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { valueAt } from "../pointer.js";
import { putBack, takeBack } from "../revert.js";
import { isPatchablePointer } from "./document.js";
import type { BucketEvent } from "./events.js";
import { keepWebhookSecret } from "./patch.js";
import { bucketSecrets } from "./secrets.js";

export const RestoreBucketRequest = z.object({ bucket_name: z.string().nullish() });

/** The current document with the earlier one, or with some fields of it, put back. */
export function revertedDocument(
  current: JsonObject,
  earlier: JsonObject,
  fields: readonly string[] | undefined,
): JsonObject {
  return keepCurrentSecrets(putBack(current, earlier, fields, isPatchablePointer), current);
}

/** @throws BAD_REQUEST for an event that did nothing to a document that was there before. */
export function undoableChanges(event: BucketEvent, version: number): readonly Change[] {
  switch (event.type) {
    case "bucket.patched":
    case "bucket.reverted":
    case "bucket.undone":
    case "bucket.restored":
      return event.data.changes;
    default:
      throw new BucketsError(
        "BAD_REQUEST",
        `Version ${version} is ${event.type}: only changes of the document can be undone.`,
      );
  }
}

/**
 * The current document without what an event did to it.
 *
 * @throws CONFLICT naming the paths of the event that later ones touched.
 */
export function undoneDocument(
  current: JsonObject,
  changes: readonly Change[],
  laterPaths: readonly string[],
): JsonObject {
  return keepCurrentSecrets(takeBack(current, changes, laterPaths), current);
}

/**
 * Secrets stay as they are now; one that is no longer stored becomes null. The webhook secret stays
 * as long as there is an adapter, also where the earlier document had none.
 */
function keepCurrentSecrets(document: JsonObject, current: JsonObject): JsonObject {
  const kept = bucketSecrets.map(document, [], (_, pointer) => valueAt(current, pointer) ?? null);
  return isJsonObject(kept) ? keepWebhookSecret(current, kept) : document;
}
