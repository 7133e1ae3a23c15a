/** The fields of a thing, each with its value; those that are shown apart are left out. */
import { toJson } from "../../client/index.js";
import { Text } from "./text.js";
import { Time } from "./time.js";
import { Value } from "./value.js";

interface FieldsProps {
  readonly of: object;
  readonly apart?: readonly string[];
}

export function Fields({ of, apart = [] }: FieldsProps) {
  return (
    <dl class="pairs">
      {Object.entries(of)
        .filter(([name]) => !apart.includes(name))
        .map(([name, value]) => (
          <div key={name}>
            <dt>
              <Text max={200}>{name}</Text>
            </dt>
            <dd>
              {isMoment(name, value) ? (
                <Time at={value} isExact />
              ) : (
                <Value value={toJson(value)} />
              )}
            </dd>
          </div>
        ))}
    </dl>
  );
}

/** As the server names and writes them; a field of the user that looks like it is none. */
function isMoment(name: string, value: unknown): value is string {
  return typeof value === "string" && name.endsWith("_at") && !Number.isNaN(Date.parse(value));
}
