/** A 412: what others changed since the reader looked, and the way on. */
import type { BucketsError } from "../../client/index.js";
import { counted } from "../show/numbers.js";
import { Text } from "../show/text.js";
import { Time } from "../show/time.js";

interface MissedProps {
  readonly error: BucketsError;
  readonly lookAgain: () => Promise<void>;
}

export function Missed({ error, lookAgain }: MissedProps) {
  const { missed, conflicting_paths: conflicting, operations_done } = error.details;
  const done = Number(operations_done ?? 0);
  const events = Array.isArray(missed) ? missed.map(readMissed) : [];
  const collide = Array.isArray(conflicting) && conflicting.length > 0;
  return (
    <div class="note warning" role="alert">
      <p>
        <strong>Somebody was faster.</strong>{" "}
        {done === 0
          ? "Nothing was written."
          : `${counted(done, "operation")} before it stay: look again to go on from there.`}{" "}
        You missed:
      </p>
      <ul class="missed">
        {events.map(({ id, version, actor, at, paths }) => (
          <li key={`${id} ${version}`}>
            {id !== "" && <code>{id} </code>}v{version}{" "}
            <strong>
              <Text max={60}>{actor}</Text>
            </strong>{" "}
            <Time at={at} />{" "}
            <code>
              <Text max={300}>{paths.join(", ")}</Text>
            </code>
          </li>
        ))}
      </ul>
      {Array.isArray(conflicting) && (
        <p>
          {collide
            ? `Both changed ${conflicting.join(", ")}.`
            : "It does not touch what you want to change."}
        </p>
      )}
      <p>
        <button type="button" onClick={lookAgain}>
          Look again, and keep my choice
        </button>
      </p>
    </div>
  );
}

interface MissedEvent {
  /** Of what it happened to, where that may be several. */
  readonly id: string;
  readonly version: number;
  readonly actor: string;
  readonly at: string;
  readonly paths: readonly string[];
}

function readMissed(event: unknown): MissedEvent {
  const fields: Readonly<Record<string, unknown>> = { ...Object(event) };
  const { resource_id: id, version, actor, recorded_at: at, paths } = fields;
  return {
    id: String(id ?? ""),
    version: Number(version),
    actor: String(actor ?? ""),
    at: String(at ?? ""),
    paths: Array.isArray(paths) ? paths.map(String) : [],
  };
}
