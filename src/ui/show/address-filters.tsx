/** Filters of a list that stand in the address, each a chip, and the form that adds one. */
import { useState } from "preact/hooks";
import { setQuery, usePlace } from "../route/place.js";
import { Chip } from "./chip.js";
import { momentForms } from "./moment-box.js";

export interface AddressFilter {
  readonly label: string;
  /** An example, where nothing is written yet. */
  readonly hint: string;
  /** For moments: what stands in the address for what was written, if it is one. */
  readonly readMoment?: (text: string) => string | undefined;
}

interface AddressFiltersProps {
  /** By their names in the address; the first is offered first. */
  readonly filters: Readonly<Record<string, AddressFilter>>;
}

export function AddressFilters({ filters }: AddressFiltersProps) {
  const { query } = usePlace();
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="filters">
      {Object.entries(filters)
        .filter(([name]) => query.has(name))
        .map(([name, { label }]) => (
          <Chip
            key={name}
            label={label}
            value={query.get(name) ?? ""}
            remove={() => setQuery({ [name]: undefined })}
          />
        ))}
      {isOpen ? (
        <FilterForm filters={filters} close={() => setOpen(false)} />
      ) : (
        <button type="button" class="chip offered" onClick={() => setOpen(true)}>
          + filter
        </button>
      )}
    </div>
  );
}

function FilterForm({ filters, close }: AddressFiltersProps & { readonly close: () => void }) {
  const [name, setName] = useState(Object.keys(filters)[0] ?? "");
  const [isWrong, setWrong] = useState(false);
  const filter = filters[name];
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        const text = String(new FormData(event.currentTarget).get("value")).trim();
        const value = filter?.readMoment === undefined ? text : filter.readMoment(text);
        setWrong(value === undefined);
        if (value === undefined) return;
        setQuery({ [name]: value });
        close();
      }}
    >
      <select
        aria-label="What to filter by"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      >
        {Object.entries(filters).map(([known, { label }]) => (
          <option key={known} value={known}>
            {label}
          </option>
        ))}
      </select>
      <input
        name="value"
        aria-label="Value"
        aria-invalid={isWrong}
        placeholder={filter?.hint}
        required
        autofocus
      />
      <button type="submit">Add</button>
      <button type="button" class="plain" onClick={close}>
        Cancel
      </button>
      {isWrong && (
        <span class="wrong" role="alert">
          Write {momentForms}.
        </span>
      )}
    </form>
  );
}
