/**
 * The bodies of lists (CONTRACT: buckets, list): read like a query, so that whatever does not fit is
 * a 400, and described for OpenAPI. What filters mean is the domain's.
 */
import { z } from "zod";
import { bucketCatalog } from "../../domain/bucket/list.js";
import { requireObject } from "../../domain/bucket/patch.js";
import { checkFields, strayFields } from "../../domain/bucket/requests.js";
import { operators } from "../../domain/filter/condition.js";
import type { FieldCatalog } from "../../domain/filter/fields.js";
import type { JsonObject } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { jsonValue, parseQuery } from "../../domain/schemas.js";
import type { AsOf, ListQuery } from "../../service/interface.js";
import { setCache, setMoment } from "../headers.js";
import { readPreferences } from "../preferences.js";
import { type ApiRequest, asOfMoment, defineRoute, type Route } from "../route.js";
import { setIgnoredFields } from "../write.js";

/** What the bodies of lists of one kind of resource have of their own. */
interface Listed {
  readonly catalog: FieldCatalog;
  readonly noun: string;
  readonly searched: string;
}

const describeField = ({ catalog, noun }: Listed) =>
  `A field of the answered ${noun}: ${catalog.names.join(", ")}. Dots go deeper, as in ` +
  "`metadata.team`; a JSON Pointer such as `/metadata/a.b` names keys with dots, and a number an " +
  "item of an array. Secrets are compared by their mask.";

const condition = (listed: Listed) => ({
  type: "object",
  required: ["field"],
  additionalProperties: false,
  properties: {
    field: { type: "string", description: describeField(listed) },
    operator: {
      enum: operators,
      default: "eq",
      description: [
        "Values of different types never match.",
        "`eq ne in nin` compare whole values;",
        "`ne` and `nin` are the complements and match a missing field.",
        "`gt lt gte lte` order numbers with numbers and strings with strings; the fields",
        `${listed.catalog.times.join(", ")} take RFC 3339 times or days.`,
        "`contains` finds a part of a string or an item of an array; `starts_with`, `ends_with` and",
        "`regex` (RE2, found anywhere unless anchored) are about strings.",
        "`text` wants every word of its value among the words of the field, in any order and case.",
        "`exists` and `is_null` take true (the default) or false; null exists, and missing is null.",
      ].join(" "),
    },
    value: { description: "Any JSON value that the operator takes." },
  },
});

const nested = { type: "object", additionalProperties: true };

function group(description: string) {
  const each = "A condition, or a group of the same form as `filters`.";
  return { type: "array", items: { ...nested, description: each }, description };
}

const filters = (listed: Listed) =>
  jsonValue.nullish().meta({
    type: ["object", "null"],
    description:
      "Conditions and groups of them; what stands side by side must hold together. A key that is " +
      'neither `AND`, `OR` nor `NOT` is a field that must be equal to its value: {"metadata.team": ' +
      `"growth"}. At most ${limits.filterDepthMax} levels and ${limits.filterConditionsMax} conditions.`,
    anyOf: [condition(listed), nested, { type: "null" }],
    properties: {
      AND: group("All of these."),
      OR: group("At least one of these."),
      NOT: group("None of these."),
      case_sensitive: { type: "boolean", description: "For the conditions in this group." },
    },
    additionalProperties: true,
    examples: [
      { "metadata.team": "growth" },
      {
        AND: [
          { field: "metadata.team", operator: "in", value: ["growth", "search"] },
          { NOT: [{ field: "storage_class", operator: "eq", value: "archive" }] },
        ],
      },
    ],
  });

/** The body of a list. */
export const listRequest = (listed: Listed) =>
  z.object({
    search: z
      .string()
      .nullish()
      .meta({
        maxLength: limits.searchLengthMax,
        description:
          `A part of ${listed.searched}; with \`*\`, which stands for any characters, ` +
          "a pattern for the whole of one of them.",
      }),
    filters: filters(listed),
    sort: z
      .strictObject({
        field: z.string().meta({ description: describeField(listed) }),
        direction: z.enum(["asc", "desc"]).nullish().meta({ default: "asc" }),
      })
      .nullish()
      .meta({
        description:
          `Those that lack the field, or have null there, come last in either direction. Equal ones, ` +
          "and lists without a sort, are in the order of `created_at` descending, then of the id.",
      }),
    case_sensitive: z.boolean().nullish().meta({
      default: false,
      description: "Whether search, filters (but for `text`) and sort tell upper from lower case.",
    }),
    limit: z.number().int().min(1).max(limits.pageSizeMax).nullish().meta({
      default: limits.listPageSizeDefault,
      description: "The size of a page.",
    }),
    offset: z.number().int().min(0).nullish().meta({
      default: 0,
      description: "How many to pass over. It means nothing beside a cursor.",
    }),
    cursor: z
      .string()
      .nullish()
      .meta({
        description:
          "The `next_cursor` of the page before, which stays right while others come and go. Send it " +
          "with the same search, filters and sort.",
      }),
  });

export const ListBucketsRequest = listRequest({
  catalog: bucketCatalog,
  noun: "bucket",
  searched: "the id, the name or the description",
});

/** @throws BAD_REQUEST with the place of the first fault. */
export function readListQuery(body: JsonObject): ListQuery {
  const parsed = parseQuery(ListBucketsRequest, body, "body");
  return {
    search: parsed.search,
    filters: parsed.filters,
    sort: parsed.sort,
    caseSensitive: parsed.case_sensitive,
    limit: parsed.limit ?? undefined,
    offset: parsed.offset ?? undefined,
    cursor: parsed.cursor ?? undefined,
  };
}

/** A list that takes its whole question in the body, now or as of a moment. */
export function defineList<Page extends { readonly as_of?: AsOf | undefined }>({
  request,
  list,
  ...route
}: Pick<Route, "path" | "operationId" | "summary" | "response"> & {
  readonly request: z.ZodObject;
  readonly list: (sent: ApiRequest, query: ListQuery) => Promise<Page>;
}): Route {
  return defineRoute({
    ...route,
    method: "POST",
    permission: "read",
    query: z.strictObject({ as_of: asOfMoment }),
    body: { "application/json": request },
    refusals: [400, 404, 413, 415, 422],
    handle: async (sent, { as_of: asOf }) => {
      const { context } = sent;
      const { isStrict, applied } = readPreferences(context.get("Prefer"), true);
      if (applied !== "") context.set("Preference-Applied", applied);
      const json = requireObject(sent.body ?? {});
      const query = readListQuery(json);
      const ignored = checkFields(strayFields(json, request), isStrict);
      const page = await list(sent, { ...query, asOf });
      setIgnoredFields(context, ignored);
      if (page.as_of === undefined) setCache(context, "current");
      else setMoment(context, page.as_of);
      context.body = page;
    },
  });
}
