/** Answers to many writes at once, each accepted or refused by itself (CONTRACT: objects). */

import { type Written, writtenMediaType } from "../api/index.js";
import type { BucketsError } from "../domain/errors.js";
import { setCache } from "./headers.js";
import { errorTypeOf } from "./problem.js";
import type { HttpContext } from "./route.js";
import { wantsWhole, wholeBody } from "./write.js";

interface Done<W extends Written> {
  readonly succeeded: readonly W[];
  /** Each with its place in the request, from 0. */
  readonly failed: readonly { readonly index: number; readonly error: BucketsError }[];
}

interface Form<W extends Written> {
  /** What the answer shows of what was written. */
  readonly show: (written: W) => object;
  /** What the contract calls the place in the request. */
  readonly indexName: "object_index" | "upload_index";
  readonly isDry: boolean;
}

/** @param more what the answer tells beside what every such one does. */
export function answerMany<W extends Written>(
  context: HttpContext,
  { succeeded, failed }: Done<W>,
  { show, indexName, isDry }: Form<W>,
  more: object = {},
): void {
  setCache(context, "none");
  if (succeeded.some(({ replayed }) => replayed)) context.set("Idempotency-Replayed", "true");
  if (wantsWhole(context)) {
    context.body = JSON.stringify({
      succeeded: succeeded.map((written) => wholeBody(written, show(written))),
      failed: failed.map(({ index, error: { message, code, details } }) => ({
        index,
        error: message,
        code,
        details,
      })),
    });
    context.type = writtenMediaType;
    return;
  }
  const result = {
    ...more,
    succeeded: succeeded.map(show),
    failed: failed.map(({ index, error }) => ({
      [indexName]: index,
      error: error.message,
      error_type: errorTypeOf(error.code),
    })),
    total_requested: succeeded.length + failed.length,
    succeeded_count: succeeded.length,
    failed_count: failed.length,
  };
  const changes = succeeded.flatMap((written) => written.changes);
  context.body = isDry ? { dry_run: true, changes, result } : result;
}
