/** What is common to every list. */
import { z } from "zod";
import type { Operator } from "../domain/filter/condition.js";
import type { JsonValue } from "../domain/json.js";
import { answeredTime } from "../domain/schemas.js";

/** One condition on one field: `{field: "metadata.team", operator: "in", value: ["a", "b"]}`. */
export interface FilterCondition {
  /** Dotted, or a JSON Pointer. */
  readonly field: string;
  /** `eq` unless given. */
  readonly operator?: Operator | null | undefined;
  readonly value?: JsonValue | undefined;
  readonly case_sensitive?: boolean | null | undefined;
}

/**
 * What must hold together: all of `AND`, at least one of `OR`, none of `NOT`; any other key is a field
 * that must be equal to its value, as in `{"metadata.team": "growth"}`.
 */
export interface FilterGroup {
  readonly AND?: FilterInput | readonly FilterInput[] | null | undefined;
  readonly OR?: FilterInput | readonly FilterInput[] | null | undefined;
  readonly NOT?: FilterInput | readonly FilterInput[] | null | undefined;
  readonly case_sensitive?: boolean | null | undefined;
  readonly field?: never;
  readonly operator?: never;
  readonly [field: string]: unknown;
}

export type FilterInput = FilterCondition | FilterGroup;

/**
 * Which buckets, in which order. Documents are as on the wire; see the OpenAPI document, or
 * `domain/filter/condition.ts` for what each operator means.
 */
export interface ListQuery<Sent = never> {
  /** A part of the id, name or description; with `*`, a pattern for the whole of one. */
  readonly search?: string | null | undefined;
  /** `{AND, OR, NOT}` of `{field, operator, value}`, nested; or `{"metadata.team": "x"}`. */
  readonly filters?: FilterInput | Sent | null | undefined;
  /** Newest first unless given; buckets without the field come last. */
  readonly sort?: ListSort | null | undefined;
  /** Whether filters, search and sort tell `A` from `a`; not unless given. */
  readonly caseSensitive?: boolean | null | undefined;
  /** 1 to 1,000; 10 unless given. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** The `next_cursor` of the page before, with everything but the limit as it was there. */
  readonly cursor?: string | undefined;
  /** The list as it was at a position (`@1234`) or time (RFC 3339 with offset, inclusive). */
  readonly asOf?: string | undefined;
}

/** What a server asks beside that. */
export interface ServedListQuery<Sent = unknown> extends ListQuery<Sent> {
  /**
   * The page ends, with a `next_cursor`, once so many bytes of resources are in it, and holds one at
   * least. There is no bound unless given.
   */
  readonly bytesMax?: number | undefined;
  /** Stands for an answer that is made of several pages: what is found for one is found for the next. */
  readonly answer?: object | undefined;
}

export interface ListSort {
  readonly field: string;
  readonly direction?: "asc" | "desc" | null | undefined;
}

export const Pagination = z.object({
  total: z.number().int(),
  page: z.number().int(),
  page_size: z.number().int(),
  total_pages: z.number().int(),
  /** The path and query that give the page, below the URL of the server, with the same body. */
  next_page: z.string().optional(),
  previous_page: z.string().optional(),
  next_cursor: z.string().optional(),
});
export type Pagination = z.infer<typeof Pagination>;

/** Which moment an answer about the past is about. */
export const AsOf = z.object({
  /** Of the newest event that is folded into the answer; 0 when there was none yet. */
  position: z.number().int(),
  /** When that event was recorded. */
  recorded_at: answeredTime.optional(),
  /** Whether the answer can never change again. */
  is_final: z.boolean(),
});
export type AsOf = Readonly<z.infer<typeof AsOf>>;
