/** A JSON value: in a line if it is short, folded with what it counts if it is long. */
import { isJsonObject, type JsonValue } from "../../client/index.js";
import { counted } from "./numbers.js";
import { Text } from "./text.js";

const inlineMax = 80;

export function Value({ value }: { readonly value: JsonValue }) {
  if (typeof value === "string") {
    return (
      <span class="value string">
        "<Text>{value}</Text>"
      </span>
    );
  }
  if (typeof value !== "object" || value === null) {
    return <span class="value">{JSON.stringify(value)}</span>;
  }
  return <Structure value={value} />;
}

function Structure({ value }: { readonly value: object & JsonValue }) {
  const text = JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
  if (text.length <= inlineMax) {
    return (
      <span class="value">
        <Text>{text}</Text>
      </span>
    );
  }
  return (
    <details class="value fold">
      <summary>{summaryOf(value)}</summary>
      <pre>
        <Text max={20_000}>{JSON.stringify(value, null, 2)}</Text>
      </pre>
    </details>
  );
}

export function summaryOf(value: JsonValue): string {
  if (isJsonObject(value)) return `{ ${counted(Object.keys(value).length, "field")} }`;
  if (typeof value === "object" && value !== null) return `[ ${counted(value.length, "item")} ]`;
  return "";
}
