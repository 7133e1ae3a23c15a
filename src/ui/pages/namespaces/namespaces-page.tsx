/** The namespaces that the reader may open, with what is in each; another one is there once it is used. */
import type { NamespaceResponse } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useOffsetPages } from "../../answer/use-offset-pages.js";
import { address, navigate } from "../../route/place.js";
import { useSession } from "../../session/session.js";
import { count, counted } from "../../show/numbers.js";
import { SearchFilter, useSearch } from "../../show/search-filter.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";

export function NamespacesPage({ namespace }: { readonly namespace: string }) {
  const { store } = useSession();
  const search = useSearch();
  const pages = useOffsetPages(
    (page) => store.namespaces.list({ ...page, ...(search !== "" && { search }) }),
    [store, search],
  );
  return (
    <section class="page" aria-labelledby="namespaces-title">
      <div class="title">
        <h1 id="namespaces-title">Namespaces</h1>
        {pages.total !== undefined && <span class="soft">{count(pages.total)}</span>}
        <span class="grow" />
        <OtherNamespace />
      </div>
      <SearchFilter of="the namespaces" by="name, description" />
      <Listed
        pages={pages}
        label="Namespaces"
        rowHeight={41}
        keyOf={({ namespace_id }) => namespace_id}
        empty={<Empty>No namespace is there yet: the first bucket in one makes it.</Empty>}
      >
        {(row) => <NamespaceRow row={row} isShown={row.namespace_name === namespace} />}
      </Listed>
    </section>
  );
}

interface NamespaceRowProps {
  readonly row: NamespaceResponse;
  /** Whether it is the one that the page is about otherwise. */
  readonly isShown: boolean;
}

function NamespaceRow({ row, isShown }: NamespaceRowProps) {
  const { namespace_name: name, description, bucket_count, object_count, updated_at } = row;
  return (
    <a class="namespace-row one-line" data-row href={address([name, "buckets"])}>
      <span class="name">
        <Text max={100}>{name}</Text> {isShown && <span class="badge quiet">this one</span>}
      </span>
      <span class="soft cut">
        {description !== undefined && <Text max={200}>{description}</Text>}
      </span>
      <span class="number">{counted(bucket_count, "bucket")}</span>
      <span class="number">{counted(object_count, "object")}</span>
      <span class="soft">{updated_at !== undefined && <Time at={updated_at} />}</span>
    </a>
  );
}

/** One that is not in the list: nothing is in it yet. */
function OtherNamespace() {
  return (
    <form
      class="namespace-form"
      onSubmit={(event) => {
        event.preventDefault();
        const name = new FormData(event.currentTarget).get("namespace");
        if (typeof name === "string" && name !== "") navigate(address([name, "buckets"]));
      }}
    >
      <input
        name="namespace"
        aria-label="Another namespace"
        placeholder="another one"
        pattern="[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}"
        required
      />
      <button type="submit">Open</button>
    </form>
  );
}
