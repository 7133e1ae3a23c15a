/**
 * What a value that does not fit its schema is told: what to send instead, in the words of JSON.
 * zod asks here only where the schema has no words of its own.
 */
import { z } from "zod";
import { describeUnknown, nearest, withMeant } from "./did-you-mean.js";
import type { ValidationIssue } from "./errors.js";

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "a JSON object",
  record: "a JSON object",
  null: "null",
};

/** Of text and of arrays, how long they are counts. */
const units: Readonly<Record<string, string>> = { string: "characters", array: "items" };

export function describeMisfit(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return describeType(issue);
    case "invalid_value":
      return withMeant(
        `Send ${oneOf(issue.values)}.`,
        String(issue.input),
        issue.values.map(String),
      );
    case "too_small":
      return `Send ${extent(issue.origin, "at least", issue.minimum, issue.inclusive)}.`;
    case "too_big":
      return `Send ${extent(issue.origin, "at most", issue.maximum, issue.inclusive)}.`;
    case "not_multiple_of":
      return `Send a multiple of ${issue.divisor}.`;
    case "invalid_format":
      return describeFormat(issue.format);
    case "unrecognized_keys":
      return describeUnknown(issue.keys, allowedBy(issue.inst));
    case "invalid_union":
      return describeUnion(issue);
    case "invalid_key":
    case "invalid_element":
      return issue.issues[0]?.message ?? "One of its parts does not fit.";
    default:
      return "This does not fit here.";
  }
}

function describeType({ expected, input }: { expected: string; input?: unknown }): string {
  const wanted = `end ${typeNames[expected] ?? expected}.`;
  return input === undefined ? `It is required: s${wanted}` : `S${wanted}`;
}

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return shown.length === 1 ? `"${shown[0]}"` : `one of ${shown.join(", ")}`;
}

function extent(origin: string, bound: string, limit: unknown, inclusive = true): string {
  const unit = units[origin];
  if (unit !== undefined) return `${bound} ${limit} ${unit}`;
  return `a number that is ${bound} ${limit}${inclusive ? "" : ", and not that itself"}`;
}

function describeFormat(format: string): string {
  switch (format) {
    case "date":
      return "Send a day, as 2026-10-01.";
    case "datetime":
      return "Send a time as in RFC 3339, with its offset.";
    case "url":
      return "Send an absolute URL.";
    default:
      return "Send a text of the documented form.";
  }
}

/** The names of the fields of the schema that found the fault. */
function allowedBy(schema: z.core.$ZodRawIssue["inst"]): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** By its discriminator, or what each of the alternatives wants. */
function describeUnion(issue: {
  readonly options?: readonly unknown[];
  readonly errors: readonly (readonly { readonly message: string }[])[];
}): string {
  if (issue.options !== undefined) return `Send ${oneOf(issue.options)}.`;
  const wanted = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first.message]));
  return [...new Set(wanted)].join(" Or: ") || "This does not fit here.";
}

/**
 * The faults, and for a field that is missing the name that was sent in its place.
 * @param depth how many steps of a location lead to the value itself.
 */
export function nameNearMisses(
  value: unknown,
  issues: readonly ValidationIssue[],
  depth: number,
): readonly ValidationIssue[] {
  return issues.map((issue) => {
    const path = issue.location.slice(depth);
    const name = path.at(-1);
    const parent = path.slice(0, -1).reduce(memberOf, value);
    if (typeof name !== "string" || !isObject(parent) || Object.hasOwn(parent, name)) return issue;
    const sent = nearest(name, Object.keys(parent));
    if (sent === undefined) return issue;
    const message = `${issue.message} You sent "${sent}"; did you mean "${name}"?`;
    return { ...issue, message };
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function memberOf(value: unknown, key: string | number): unknown {
  return isObject(value)
    ? Object.entries(value).find(([name]) => name === String(key))?.[1]
    : undefined;
}
