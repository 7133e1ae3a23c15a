/** The fold of what is kept as a document: made, changed, deleted. Each kind adds what is its own. */

import type { Change } from "./change.js";
import { applyChanges } from "./changes.js";
import { invariant } from "./errors.js";
import { formatTime, type RecordedEvent } from "./event.js";
import type { JsonObject } from "./json.js";

type Recorded = Omit<RecordedEvent, "event">;

/** What every such state has, beside its kind and its id. */
interface Kept {
  readonly document: JsonObject;
}

/** Of what was just made. */
export function made(recorded: Recorded, changes: readonly Change[]) {
  const at = formatTime(recorded.recordedAt);
  return {
    bucket_id: recorded.bucketId,
    namespace: recorded.namespace,
    version: recorded.version,
    position: recorded.position,
    document: applyChanges({}, changes),
    created_at: at,
    updated_at: at,
  };
}

export function patched<State extends Kept>(
  state: State | undefined,
  recorded: Recorded,
  changes: readonly Change[],
): State {
  const { version, position } = recorded;
  const before = begun(state, recorded);
  const document = applyChanges(before.document, changes);
  return { ...before, version, position, document, updated_at: formatTime(recorded.recordedAt) };
}

/** @param told what the event says of it, beside when. */
export function removed<State extends Kept, Told extends object>(
  state: State | undefined,
  recorded: Recorded,
  told: Told,
) {
  const { version, position } = recorded;
  const deleted = { deleted_at: formatTime(recorded.recordedAt), ...told };
  return { ...begun(state, recorded), version, position, deleted };
}

/** The state that an event goes on from, which is there after the first. */
export function begun<State>(state: State | undefined, { stream }: Recorded): State {
  invariant(state !== undefined, `${stream} does not begin with its creation`);
  return state;
}
