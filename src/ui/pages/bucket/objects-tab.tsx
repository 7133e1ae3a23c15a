/** What the bucket holds, now or at the moment that the address names. */
import type { JsonObject } from "../../../client/index.js";
import { curl, Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { address, hrefWith } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { counted } from "../../show/numbers.js";
import { SearchFilter, useSearch } from "../../show/search-filter.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { Thumbnail } from "../object/thumbnail.js";
import { useBucket } from "./use-bucket.js";

const pageSize = 100;

export function ObjectsTab() {
  const { id, moment, namespace, round } = useBucket();
  const api = useNamespace();
  const search = useSearch();
  const ask = async (cursor: string | undefined): Promise<Page<JsonObject>> => {
    const { results, pagination, stats } = await api.objects(id).list({
      limit: pageSize,
      cursor,
      asOf: moment,
      ...(search !== "" && { search }),
    });
    return { rows: results, next: pagination.next_cursor, total: stats.total_objects };
  };
  const pages = usePages(ask, [api, id, moment, search, round]);
  return (
    <section class="page" aria-label="Objects">
      <SearchFilter of="the objects" by="id, prefix, metadata" />
      <Listed
        pages={pages}
        label="Objects"
        rowHeight={41}
        keyOf={(object) => textOf(object, "object_id")}
        empty={
          search === "" ? (
            <Empty command={curl(namespace, `/v1/buckets/${id}/objects`, { metadata: { a: 1 } })}>
              There is no object here. This makes one:
            </Empty>
          ) : (
            <Empty>
              No object fits. <a href={hrefWith({ search: undefined })}>Show all</a>
            </Empty>
          )
        }
      >
        {(object) => <ObjectRow object={object} />}
      </Listed>
    </section>
  );
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" ? value : "";
}

/** The fields that every object has; those of the user stand beside them. */
const ownNames = new Set([
  "bucket_id",
  "object_id",
  "key_prefix",
  "metadata",
  "blobs",
  "source_details",
  "status",
  "created_at",
  "updated_at",
]);

function ObjectRow({ object }: { readonly object: JsonObject }) {
  const { id: bucket, asOf, namespace } = useBucket();
  const id = textOf(object, "object_id");
  const fields = Object.entries(object).filter(([name]) => !ownNames.has(name));
  const { blobs } = object;
  return (
    <a
      class="object-row one-line"
      data-row
      href={address([namespace, "buckets", bucket, "objects", id], { as_of: asOf })}
    >
      <code>{id}</code>
      <span class="cut">
        <Thumbnail id={id} object={object} />
        {fields.map(([name, value]) => (
          <span key={name}>
            <span class="soft">
              <Text max={60}>{name}</Text>{" "}
            </span>
            <Text max={80}>{typeof value === "string" ? value : JSON.stringify(value)}</Text>
            {"  "}
          </span>
        ))}
      </span>
      <span class="number">{counted(Array.isArray(blobs) ? blobs.length : 0, "blob")}</span>
      <span class="soft">
        <Time at={textOf(object, "updated_at")} />
      </span>
    </a>
  );
}
