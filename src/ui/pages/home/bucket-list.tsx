/** The buckets: searched, filtered and sorted by what the address says. */
import { useCallback, useState } from "preact/hooks";
import type { BucketResponse, FeedEvent } from "../../../client/index.js";
import { curl, Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { address, hrefWith, setQuery, usePlace } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { AsOfBar } from "../../show/as-of-bar.js";
import { Chip } from "../../show/chip.js";
import { deedOf } from "../../show/deeds.js";
import { MomentBox } from "../../show/moment-box.js";
import { count, counted, size } from "../../show/numbers.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { momentWords, Time } from "../../show/time.js";
import { useChangedSince } from "./changed-since.js";
import { FilterForm } from "./filter-form.js";
import { type BucketFilter, filtersOf, parseFilters } from "./filters.js";
import { NamespacePutBack } from "./namespace-put-back.js";

const pageSize = 100;
const rowHeight = 41;

const sorts = {
  newest: { label: "newest first", sort: null },
  name: { label: "name", sort: { field: "bucket_name", direction: "asc" } },
  changed: { label: "changed last", sort: { field: "updated_at", direction: "desc" } },
  objects: { label: "most objects", sort: { field: "object_count", direction: "desc" } },
  size: { label: "largest", sort: { field: "total_size_bytes", direction: "desc" } },
} as const;
type SortName = keyof typeof sorts;

interface BucketListProps {
  readonly namespace: string;
  /** The newest of the namespace, newest first, as far as they are known. */
  readonly events: readonly FeedEvent[];
}

export function BucketList({ namespace, events }: BucketListProps) {
  const { query } = usePlace();
  const api = useNamespace();
  const { buckets } = api;
  const search = query.get("search") ?? "";
  const sortName = sortNameOf(query.get("sort"));
  const filterText = query.get("filter") ?? "";
  const asOf = query.get("as_of") ?? undefined;
  const changed = useChangedSince(api, asOf);
  const filters = parseFilters(filterText);
  const ask = async (cursor: string | undefined): Promise<Page<BucketResponse>> => {
    const { results, pagination, total_count } = await buckets.list({
      limit: pageSize,
      cursor,
      asOf,
      sort: sorts[sortName].sort,
      ...(search !== "" && { search }),
      ...(filters.length > 0 && { filters: filtersOf(filters) }),
    });
    return { rows: results, next: pagination.next_cursor, total: total_count };
  };
  const pages = usePages(ask, [buckets, search, sortName, filterText, asOf]);
  const { reload } = pages;
  const [isStale, setStale] = useState(false);
  useLive(({ type }) => {
    if (asOf === undefined && type.startsWith("bucket.")) setStale(true);
  });
  const refresh = useCallback(() => {
    setStale(false);
    reload();
  }, [reload]);
  const isNarrowed = search !== "" || filters.length > 0;
  return (
    <section class="home-buckets" aria-labelledby="buckets-title">
      <div class="title">
        <h1 id="buckets-title">Buckets</h1>
        {pages.total !== undefined && <span class="soft">{count(pages.total)}</span>}
        <span class="grow" />
        <span class="soft as-of">
          As of{" "}
          <MomentBox
            text={asOf === undefined ? "now" : momentWords(asOf)}
            label="As of"
            takesVersions={false}
          />
        </span>
        <label class="soft">
          Sorted by{" "}
          <select
            value={sortName}
            onChange={({ currentTarget }) => setQuery({ sort: currentTarget.value })}
          >
            {Object.entries(sorts).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <AsOfBar asOf={asOf}>{asOf !== undefined && <NamespacePutBack asOf={asOf} />}</AsOfBar>
      <div class="filters">
        {search !== "" && (
          <Chip label="search" value={search} remove={() => setQuery({ search: undefined })} />
        )}
        {filters.map((filter) => (
          <Chip
            key={filter.text}
            label={`${filter.field} ${filter.operator}`}
            value={filter.value}
            remove={() => setQuery({ filter: without(filters, filter) })}
          />
        ))}
        <FilterForm filters={filters} />
        {isStale && (
          <button type="button" class="chip busy" onClick={refresh}>
            Something changed: show it
          </button>
        )}
      </div>
      <Listed
        pages={pages}
        label="Buckets"
        rowHeight={rowHeight}
        keyOf={({ bucket_id }) => bucket_id}
        empty={
          isNarrowed ? (
            <Empty>
              No bucket fits.{" "}
              <a href={hrefWith({ search: undefined, filter: undefined })}>Show all</a>
            </Empty>
          ) : (
            <Empty
              command={curl(namespace, "/v1/buckets", {
                bucket_name: "videos",
                bucket_schema: { properties: { title: { type: "string" } } },
              })}
            >
              There is no bucket in the namespace {namespace} yet. This makes one:
            </Empty>
          )
        }
      >
        {(bucket) => (
          <BucketRow
            namespace={namespace}
            bucket={bucket}
            asOf={asOf}
            hasChanged={changed.has(bucket.bucket_id)}
            last={
              asOf === undefined
                ? events.find(({ bucket_id }) => bucket_id === bucket.bucket_id)
                : undefined
            }
          />
        )}
      </Listed>
    </section>
  );
}

function sortNameOf(text: string | null): SortName {
  return Object.keys(sorts).find((name): name is SortName => name === text) ?? "newest";
}

function without(filters: readonly BucketFilter[], gone: BucketFilter): string {
  return filters
    .filter((filter) => filter !== gone)
    .map(({ text }) => text)
    .join(";");
}

interface BucketRowProps {
  readonly namespace: string;
  readonly bucket: BucketResponse;
  readonly asOf: string | undefined;
  /** Whether it has since the moment that is shown. */
  readonly hasChanged: boolean;
  /** Its newest event, where that is known. */
  readonly last: FeedEvent | undefined;
}

function BucketRow({ namespace, bucket, asOf, hasChanged, last }: BucketRowProps) {
  const { bucket_id: id, bucket_name: name, description, object_count: objects } = bucket;
  return (
    <a class="bucket-row" data-row href={address([namespace, "buckets", id], { as_of: asOf })}>
      <span class="bucket-name">
        <Text max={80}>{name}</Text>
        {bucket.status !== "ACTIVE" && <Status status={bucket.status} />}
        {bucket.is_locked && <span class="badge warning">locked</span>}
      </span>
      <span class="bucket-description soft">
        {description !== undefined && <Text max={200}>{description}</Text>}
      </span>
      <span class="number">{counted(objects, "object")}</span>
      <span class="number">{size(bucket.total_size_bytes)}</span>
      <span class="bucket-last soft" title={last && `${last.actor} ${deedOf(last)}`}>
        {last !== undefined && (
          <>
            <Text max={40}>{last.actor}</Text>
            {" · "}
          </>
        )}
        <Time at={last?.recorded_at ?? bucket.updated_at} />
        {hasChanged && (
          <>
            {" "}
            <span class="badge past">changed since</span>
          </>
        )}
        {last?.reason !== undefined && (
          <>
            {" · "}
            <Text max={120}>{last.reason}</Text>
          </>
        )}
      </span>
    </a>
  );
}
