/** A filter that is set, and taken away with one press; or one that is offered. */
import { Text } from "./text.js";

interface ChipProps {
  /** What is filtered by. */
  readonly label: string;
  readonly value: string;
  readonly remove: () => void;
}

export function Chip({ label, value, remove }: ChipProps) {
  return (
    <button
      type="button"
      class="chip"
      onClick={remove}
      aria-label={`Remove filter ${label} ${value}`}
    >
      <span class="soft">{label}</span> <Text max={60}>{value}</Text>{" "}
      <span aria-hidden="true">×</span>
    </button>
  );
}
