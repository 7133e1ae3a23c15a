/** Adds a filter to a list: a field, how, and what with. */
import { useState } from "preact/hooks";
import { setQuery } from "../../route/place.js";
import { type BucketFilter, operators } from "./filters.js";

const fields = [
  "bucket_name",
  "description",
  "status",
  "storage_class",
  "is_locked",
  "object_count",
  "total_size_bytes",
  "metadata.",
  "source_adapter.adapter_type",
  "created_at",
  "updated_at",
] as const;

export function FilterForm({ filters }: { readonly filters: readonly BucketFilter[] }) {
  const [isOpen, setOpen] = useState(false);
  if (!isOpen) {
    return (
      <button type="button" class="chip offered" onClick={() => setOpen(true)}>
        + filter
      </button>
    );
  }
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const text = `${form.get("field")} ${form.get("operator")} ${form.get("value")}`;
        setQuery({ filter: [...filters.map((filter) => filter.text), text].join(";") });
        setOpen(false);
      }}
    >
      <input
        name="field"
        list="filter-fields"
        aria-label="Field"
        placeholder="metadata.team"
        required
        pattern="\S+"
        autofocus
      />
      <datalist id="filter-fields">
        {fields.map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      <select name="operator" aria-label="Operator">
        {Object.entries(operators).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      <input name="value" aria-label="Value" placeholder="growth" />
      <button type="submit">Add</button>
      <button type="button" class="plain" onClick={() => setOpen(false)}>
        Cancel
      </button>
    </form>
  );
}
