/** What a list is searched for: a chip that takes it away, and the box for something else. */
import { setQuery, usePlace } from "../route/place.js";
import { Chip } from "./chip.js";

/** What the address says; empty for nothing. */
export function useSearch(): string {
  return usePlace().query.get("search") ?? "";
}

interface SearchFilterProps {
  /** What is searched, as it is called. */
  readonly of: string;
  /** What is looked at for the words. */
  readonly by: string;
}

export function SearchFilter({ of, by }: SearchFilterProps) {
  const search = useSearch();
  return (
    <div class="filters">
      {search !== "" && (
        <Chip label="search" value={search} remove={() => setQuery({ search: undefined })} />
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ search: String(new FormData(event.currentTarget).get("search")) });
        }}
      >
        <input
          name="search"
          aria-label={`Search ${of}`}
          placeholder={`search ${by}`}
          title={`Search ${of} by ${by}`}
        />
      </form>
    </div>
  );
}
