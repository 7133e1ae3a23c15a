/**
 * The bodies of lists (CONTRACT: buckets, list): read like a query, so that whatever does not fit is
 * a 400, and described for OpenAPI. What filters mean is the domain's.
 */
import { Readable } from "node:stream";
import { z } from "zod";
import type { ListQuery, ServedListQuery } from "../../api/index.js";
import { bucketCatalog } from "../../domain/bucket/list.js";
import { describeUnknown } from "../../domain/did-you-mean.js";
import { BucketsError } from "../../domain/errors.js";
import { operators } from "../../domain/filter/condition.js";
import type { FieldCatalog } from "../../domain/filter/fields.js";
import type { JsonObject, JsonValue } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { strayFields } from "../../domain/request-fields.js";
import { jsonValue, parsePaging, requireObject } from "../../domain/schemas.js";
import { setAsOf, setCache } from "../headers.js";
import { readPreferences } from "../preferences.js";
import { type ApiRequest, asOfNamespace, defineRoute, flag, type Route } from "../route.js";
import { type ListPage, missingOf, wholePage } from "../whole-page.js";

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
    case_sensitive: { type: "boolean", description: "For this condition." },
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

/** Which part of a list is wanted, in the query: what is said there goes before the body. */
const pagingQuery = {
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
  offset: z.coerce.number().int().min(0).optional(),
  cursor: z.string().optional(),
  include_total: flag.meta({
    description:
      "`false` leaves the totals out of the pagination; `true` counts the blobs of objects as well, " +
      "which looks at each object of the bucket.",
  }),
};

/** The pagination without its totals, for who asked for none. */
function withoutTotals(page: ListPage): ListPage {
  const { total: _, total_pages: __, ...counted } = page.pagination;
  return { ...page, pagination: counted };
}

/** @throws BAD_REQUEST with the place of the first fault, VALIDATION_FAILED for that of a page. */
function readListQuery(body: JsonObject): ListQuery<unknown> {
  const parsed = parsePaging(ListBucketsRequest, body, "body");
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

/** @throws BAD_REQUEST for a field that no list has: passed over, a filter would answer all there is. */
function assertAsked(body: JsonObject, request: z.ZodObject): void {
  const strays = strayFields(body, request);
  if (strays.length === 0) return;
  const message = `The query does not fit: ${describeUnknown(strays, Object.keys(request.shape))}`;
  throw new BucketsError("BAD_REQUEST", message, {
    validation_errors: strays
      .slice(0, limits.validationIssuesMax)
      .map((name) => ({ type: "unknown_field", location: ["body", name], message })),
  });
}

/** Every kind of resource has these fields. */
const listExample = { sort: { field: "created_at", direction: "desc" }, limit: 20 } as const;

/** A list whose page is in the query, or else in the body. */
export function defineList<Request extends z.ZodObject, Page extends ListPage>({
  request,
  list,
  filtersOf = () => ({}),
  ...route
}: Pick<
  Route,
  "path" | "operationId" | "summary" | "response" | "namesNamespace" | "isOfOrganization"
> & {
  readonly request: Request;
  readonly list: (
    sent: ApiRequest,
    query: ServedListQuery,
    body: z.output<Request>,
    /** Whether the totals were asked for, in so many words. */
    includesTotals: boolean,
  ) => Promise<Page>;
  /** What must be equal, beside the filters; null and undefined may be anything. */
  readonly filtersOf?: (body: z.output<Request>) => Readonly<Record<string, JsonValue | undefined>>;
}): Route {
  return defineRoute({
    ...route,
    method: "POST",
    permission: "read",
    query: z.strictObject({ as_of: asOfNamespace, ...pagingQuery }),
    isHostedList: true,
    scans: true,
    body: { "application/json": request },
    examples: { "application/json": listExample },
    refusals: [400, 404, 413, 415, 422],
    handle: async (sent, { as_of: asOf, include_total: includeTotal, ...paging }) => {
      const { context } = sent;
      const { applied } = readPreferences(context.get("Prefer"), true);
      if (applied !== "") context.set("Preference-Applied", applied);
      const json = requireObject(sent.body ?? {});
      const query = readListQuery(json);
      const body = parsePaging(request, json, "body");
      const equal = filtersOf(body);
      const wanted = Object.entries(equal).flatMap(([field, value]) =>
        value === undefined || value === null ? [] : [{ field, operator: "eq", value }],
      );
      const filters = [query.filters, ...wanted].filter((filter) => (filter ?? null) !== null);
      assertAsked(json, request);
      const asked = {
        ...query,
        ...(wanted.length > 0 && { filters: { AND: filters } }),
        ...paging,
        asOf,
        bytesMax: limits.pageBytesMax,
        answer: {},
      };
      const includesTotals = includeTotal === "true";
      const page = await list(sent, asked, body, includesTotals);
      if (page.as_of === undefined) setCache(context, "current");
      else setAsOf(context, page.as_of);
      const shown = includeTotal === "false" ? withoutTotals(page) : page;
      const missing = missingOf(page, asked);
      if (missing === 0) {
        context.body = shown;
        return;
      }
      const rest = (place: Pick<ListQuery, "limit" | "cursor">) =>
        list(sent, { ...asked, ...place }, body, false);
      context.body = Readable.from(wholePage(shown, missing, rest));
      context.type = "application/json";
    },
  });
}
