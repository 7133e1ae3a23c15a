/** The zod schemas that more than one resource uses: JSON values, times, and turning faults into ours. */
import { z } from "zod";
import { BucketsError, invalidAt, type ValidationIssue, validationFailed } from "./errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.js";
import { limits } from "./limits.js";
import { describeMisfit, nameNearMisses } from "./misfit.js";

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

/**
 * What names things, or tells them apart, has no control characters: other engines cannot hold them
 * all, and no terminal shows them.
 */
export function isNameText(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}

export const controlsRefused = "Leave control characters out.";

export function nameText(lengthMax: number) {
  return z.string().min(1).max(lengthMax).refine(isNameText, controlsRefused);
}

const timeForms = "a time as in RFC 3339, with its offset, or a day";

/**
 * The one reading of times that are sent, wherever they are: RFC 3339 with an offset, its letters in
 * either case (section 5.6), or a day alone for its beginning in UTC. Normalised to UTC with
 * milliseconds, where the year may be another.
 */
export const timestamp = z
  .string({ error: `Send ${timeForms}.` })
  .transform((text) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text.toUpperCase(),
  )
  .pipe(z.iso.datetime({ offset: true, error: ({ input }) => timeFix(input) }))
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^\d{4}-/.test(text), "Send a time in the years 0000 to 9999 of UTC.")
  .meta({
    type: "string",
    description: "RFC 3339 with its offset, or a day for its beginning in UTC.",
  });

function timeFix(input: unknown): string {
  const fault = typeof input === "string" ? lostPlus(input) : undefined;
  return `Send ${timeForms}${fault === undefined ? "." : `: ${fault}`}`;
}

/** What befell a time whose plus sign was not encoded in a query; undefined for any other text. */
export function lostPlus(text: string): string | undefined {
  if (!/T\S+ \d{2}:\d{2}$/i.test(text)) return undefined;
  return "the + of the offset arrived as a space, so write it as %2B.";
}

/** A time as it is answered: RFC 3339, UTC, milliseconds. */
export const answeredTime = z.string().meta({ format: "date-time" });

/** A sum of bytes: kept exactly, and beyond 2^53 answered as the nearest number that JSON has. */
export const totalBytes = z.number().min(0).meta({ type: "integer" });

/** Null stands for an absent field, because clients send it for one. */
export function orAbsent<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

/** The value as its schema has it, or every fault of it: where it is, and what to send instead. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: readonly (string | number)[],
):
  | { readonly data: z.output<Schema>; readonly issues?: never }
  | { readonly issues: readonly ValidationIssue[] } {
  const parsed = schema.safeParse(value, { error: describeMisfit });
  if (parsed.success) return { data: parsed.data };
  return { issues: nameNearMisses(value, toIssues(parsed.error, at), at.length) };
}

/** The parsed value, or one error with every fault of the body. */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  at: readonly (string | number)[] = [],
): z.output<Schema> {
  const fitted = parseWith(schema, body, ["body", ...at]);
  if (fitted.issues !== undefined) throw validationFailed(fitted.issues);
  return fitted.data;
}

/** A body that is an object. @throws VALIDATION_FAILED */
export function requireObject(body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body;
  throw invalidAt(["body"], "object_expected", "Send a JSON object.");
}

/** The parsed query, or a 400: a query parameter that does not fit is never ignored. */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  query: unknown,
  part: "query" | "body" = "query",
): z.output<Schema> {
  const fitted = parseWith(schema, query, [part]);
  if (fitted.issues !== undefined) throw queryMisfit("BAD_REQUEST", fitted.issues);
  return fitted.data;
}

function queryMisfit(
  code: "BAD_REQUEST" | "VALIDATION_FAILED",
  issues: readonly ValidationIssue[],
): BucketsError {
  const [first] = issues;
  const where = first?.location.slice(1).join(".") || "its parameters";
  const message = `The query does not fit at ${where}: ${first?.message}`;
  return new BucketsError(code, message, { validation_errors: issues });
}

/** What says which part of a list is wanted. */
const paging: ReadonlySet<unknown> = new Set(["limit", "offset", "skip"]);

/**
 * A query of a list that the hosted API has as well: a part of the list that cannot be asked for is
 * a 422, as there, and anything else that does not fit a 400.
 */
export function parsePaging<Schema extends z.ZodType>(
  schema: Schema,
  query: unknown,
  part: "query" | "body" = "query",
): z.output<Schema> {
  const fitted = parseWith(schema, query, [part]);
  if (fitted.issues === undefined) return fitted.data;
  const isPaging = fitted.issues.every(({ location: [, name] }) => paging.has(name));
  throw queryMisfit(isPaging ? "VALIDATION_FAILED" : "BAD_REQUEST", fitted.issues);
}

/** The faults as ours; a check of our own names its type in `params`. */
function toIssues(error: z.ZodError, at: readonly (string | number)[]): ValidationIssue[] {
  return error.issues.map((issue) => ({
    type: issue.code === "custom" ? String(issue.params?.["type"] ?? issue.code) : issue.code,
    location: [...at, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))],
    message: issue.message,
  }));
}

/** Hands faults that were found by hand to zod; of very many as many as tell that there are more. */
export function addIssues(context: z.RefinementCtx, issues: readonly ValidationIssue[]): void {
  for (const { type, location, message } of issues.slice(0, limits.validationIssuesMax + 1)) {
    context.addIssue({ code: "custom", path: [...location], message, params: { type } });
  }
}
