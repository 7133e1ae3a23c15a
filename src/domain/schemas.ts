/** The zod schemas that more than one resource uses: JSON values, times, and turning faults into ours. */
import { z } from "zod";
import { BucketsError, type ValidationIssue, validationFailed } from "./errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.js";
import { limits } from "./limits.js";

/**
 * Any JSON value. It was checked at the door, so nothing is looked at again; `z.json()` would
 * overflow the stack on deep input and `z.record()` drops an own `__proto__`.
 */
export const jsonValue = z
  .custom<JsonValue>((value) => value !== undefined)
  .meta({ description: "Any JSON value." });

export const jsonObject = z
  .custom<JsonObject>((value) => isJsonObject(value), { error: "Send a JSON object." })
  .meta({ type: "object", additionalProperties: true });

/** RFC 3339 with an offset, normalised to UTC with milliseconds, where the year may be another. */
export const timestamp = z.iso
  .datetime({ offset: true, error: "Send a time as in RFC 3339, with its offset." })
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^\d{4}-/.test(text), "Send a time in the years 0000 to 9999 of UTC.");

/** A time, or a day for its beginning in UTC. */
export const timeOrDay = z.union([
  timestamp,
  z.iso.date().transform((day) => `${day}T00:00:00.000Z`),
]);

/** A time as it is answered: RFC 3339, UTC, milliseconds. */
export const answeredTime = z.string().meta({ format: "date-time" });

/** Null stands for an absent field, because clients send it for one. */
export function orAbsent<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

/** The parsed value, or one error with every fault of the body. */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  at: readonly (string | number)[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw validationFailed(toIssues(parsed.error, ["body", ...at]));
}

/** The parsed query, or a 400: a query parameter that does not fit is never ignored. */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  query: unknown,
  part: "query" | "body" = "query",
): z.output<Schema> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const issues = toIssues(parsed.error, [part]);
  const first = issues[0];
  throw new BucketsError(
    "BAD_REQUEST",
    `The query does not fit at ${first?.location.slice(1).join(".") || "its parameters"}: ${first?.message}`,
    { validation_errors: issues },
  );
}

/** The faults as ours; a check of our own names its type in `params`. */
export function toIssues(error: z.ZodError, at: readonly (string | number)[]): ValidationIssue[] {
  return error.issues.map((issue) => ({
    type: issue.code === "custom" ? String(issue.params?.["type"] ?? issue.code) : issue.code,
    location: [...at, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))],
    message: issue.message,
  }));
}

/** Hands faults that were found by hand to zod; of very many, the first. */
export function addIssues(context: z.RefinementCtx, issues: readonly ValidationIssue[]): void {
  for (const { type, location, message } of issues.slice(0, limits.validationIssuesMax)) {
    context.addIssue({ code: "custom", path: [...location], message, params: { type } });
  }
}
