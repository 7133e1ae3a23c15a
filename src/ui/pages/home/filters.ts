/** The filters of a list as the address holds them: `metadata.team eq growth;object_count gt 10`. */

export const operators = {
  eq: "is",
  ne: "is not",
  contains: "contains",
  starts_with: "starts with",
  gt: "is more than",
  lt: "is less than",
  exists: "is there",
} as const;
type Operator = keyof typeof operators;

export interface BucketFilter {
  /** As it stands in the address. */
  readonly text: string;
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

const pattern = /^(\S+) (\w+) ?(.*)$/s;

/** What cannot be understood is left out. */
export function parseFilters(text: string): BucketFilter[] {
  return text.split(";").flatMap((part): BucketFilter[] => {
    const [, field, name, value = ""] = pattern.exec(part) ?? [];
    const operator = Object.keys(operators).find((known): known is Operator => known === name);
    return field === undefined || operator === undefined
      ? []
      : [{ text: part, field, operator, value }];
  });
}

/** The filters as the API takes them: all must hold. */
export function filtersOf(filters: readonly BucketFilter[]): object {
  return {
    AND: filters.map(({ field, operator, value }) => ({
      field,
      operator,
      value: meantBy(operator, value),
    })),
  };
}

/** Numbers and booleans are meant as such; what is in quotes is text. */
function meantBy(operator: Operator, text: string): unknown {
  if (operator === "exists") return text !== "false";
  if (operator === "contains" || operator === "starts_with") return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? text : value;
  } catch {
    return text;
  }
}
