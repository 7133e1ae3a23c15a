/**
 * What went wrong in a batch, as workers report it: with each object, and with the whole. What kind
 * of fault it was says whether trying again may help.
 */
import { z } from "zod";
import type { BatchStatus } from "./status.js";

/** The kinds of faults of the hosted API. */
export const errorCategories = [
  "dependency",
  "authentication",
  "validation",
  "runtime",
  "network",
  "resource",
] as const;
export type ErrorCategory = (typeof errorCategories)[number];

/** Those that pass by themselves: of a service that did not answer, the network, or want of room. */
const transient: readonly ErrorCategory[] = ["dependency", "network", "resource"];

/** What a worker may tell of a fault, beside its message. */
const faultFields = {
  error_type: z.enum(errorCategories).exactOptional(),
  /** The part of the worker that failed, and what it was doing. */
  component: z.string().exactOptional(),
  stage: z.string().exactOptional(),
  traceback: z.string().exactOptional(),
  recovery_suggestion: z.string().exactOptional(),
  /** Of what the worker makes of the object. */
  affected_document_ids: z.array(z.string()).exactOptional(),
} as const;

/** What went wrong with one object of a batch. */
export const ObjectError = z.object({
  object_id: z.string(),
  message: z.string(),
  ...faultFields,
});
export type ObjectError = Readonly<z.infer<typeof ObjectError>>;

/** As much of a batch as tells what failed. */
interface Failed {
  readonly status: BatchStatus;
  readonly document: { readonly object_ids: readonly string[] };
  readonly errors?: readonly ObjectError[] | undefined;
  readonly error?: string | undefined;
  readonly error_type?: ErrorCategory | undefined;
}

/**
 * Every object that was not processed, with the reason: its own, or that of the batch when all of it
 * failed.
 */
export function failedObjects(batch: Failed): readonly ObjectError[] {
  const { status, document, errors = [], error, error_type } = batch;
  if (status !== "FAILED" || error === undefined) return errors;
  const told = new Set(errors.map(({ object_id }) => object_id));
  const others = document.object_ids.filter((id) => !told.has(id));
  const reason = { message: error, ...(error_type !== undefined && { error_type }) };
  return [...errors, ...others.map((object_id) => ({ object_id, ...reason }))];
}

/** What a worker did not name is its own fault. */
export function categoryOf({
  error_type = "runtime",
}: {
  readonly error_type?: ErrorCategory | undefined;
}): ErrorCategory {
  return error_type;
}

export function isTransient(error: ObjectError): boolean {
  return transient.includes(categoryOf(error));
}

/** How many objects failed for each kind of fault; undefined when none did. */
export function summaryOf(
  errors: readonly ObjectError[],
): Readonly<Partial<Record<ErrorCategory, number>>> | undefined {
  if (errors.length === 0) return undefined;
  const counts: Partial<Record<ErrorCategory, number>> = {};
  for (const error of errors) {
    const category = categoryOf(error);
    counts[category] = (counts[category] ?? 0) + 1;
  }
  return counts;
}
