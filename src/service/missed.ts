/**
 * What a caller missed whose If-Match failed: the events since the version that it had read, and
 * whether its own change touches what they changed.
 */
import { bucketTag } from "../domain/bucket/response.js";
import { BucketsError, type ErrorDetails } from "../domain/errors.js";
import { formatTime, type RecordedEvent } from "../domain/event.js";
import { changesOf } from "../domain/history.js";
import { isWithin, parsePointer } from "../domain/pointer.js";
import { kindOfStream, type ResourceKind } from "../domain/resource.js";
import type { CommandResult, Precondition, TargetedCommand } from "../eventstore/store.js";
import type { ServiceParts } from "./parts.js";
import type { RefusedUnit } from "./writing.js";

const missedEventsMax = 100;

type MissedParts = Pick<ServiceParts, "events" | "view" | "clock">;

/** The refusal with what was missed, when it is one of a version that the caller had read. */
export async function explainMissed(
  parts: MissedParts,
  refused: RefusedUnit,
): Promise<BucketsError> {
  const { error, unit, index } = refused;
  const command = unit.commands[index];
  const { current_version: current } = error.details;
  const stream = streamIn(error.details);
  const kind = stream === undefined ? undefined : kindOfStream(stream);
  const sent = command === undefined ? undefined : newestOf(command.precondition);
  const canExplain =
    error.code === "PRECONDITION_FAILED" &&
    stream !== undefined &&
    kind !== undefined &&
    typeof current === "number" &&
    command !== undefined &&
    sent !== undefined &&
    sent < current;
  if (!canExplain) return error;
  const results = await previewAnyway(parts, refused, command);
  const from = Math.max(sent + 1, 1);
  const logged = await parts.events.readStream(stream, {
    order: "desc",
    from,
    to: current,
    limit: missedEventsMax,
  });
  const missed = [
    ...logged.toReversed().map(({ recorded }) => recorded),
    ...results
      .slice(0, index)
      .flatMap(({ recorded }) => (recorded.stream === stream ? recorded : [])),
  ];
  const own = results[index];
  const isWhole = missed.length > current - from;
  const canCompare = own !== undefined && isWhole && pathsOf(own.recorded).length > 0;
  const conflicting = canCompare ? collisions(own, missed) : undefined;
  return new BucketsError(error.code, error.message, {
    ...error.details,
    missed: missed.map(toMissed),
    ...(conflicting !== undefined && { conflicting_paths: conflicting }),
    hint: hintOf(conflicting, kind, await currentTag(parts, stream, current)),
  });
}

/** The id of what the refusal is about, which says its bucket too when that is another. */
function streamIn(details: ErrorDetails): string | undefined {
  const { object_id, batch_id, upload_id, delivery_id, connection_id, bucket_id } = details;
  const id = object_id ?? batch_id ?? upload_id ?? delivery_id ?? connection_id ?? bucket_id;
  return typeof id === "string" ? id : undefined;
}

function newestOf({ ifMatch }: Precondition): number | undefined {
  return Array.isArray(ifMatch) && ifMatch.length > 0 ? Math.max(...ifMatch) : undefined;
}

/** What the unit would do, to its refused command, without the precondition; nothing, if refused. */
async function previewAnyway(
  { events }: MissedParts,
  { unit, index }: RefusedUnit,
  command: TargetedCommand,
): Promise<readonly CommandResult[]> {
  const anyway = { ...command, precondition: noPrecondition };
  const commands = [...unit.commands.slice(0, index), anyway];
  const outcome = await events.preview({ ...unit, commands, idempotency: undefined });
  return outcome.kind === "committed" ? outcome.results : [];
}

const noPrecondition: Precondition = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  isRequired: false,
};

/** The paths of a change that are those of missed ones, or above or below them. */
function collisions({ recorded }: CommandResult, missed: readonly RecordedEvent[]): string[] {
  const touched = missed.flatMap(pathsOf).map(pointerOf);
  return pathsOf(recorded).filter((path) => {
    const pointer = pointerOf(path);
    return touched.some((other) => isWithin(pointer, other) || isWithin(other, pointer));
  });
}

function pathsOf({ event }: RecordedEvent): string[] {
  return changesOf(event).map(({ path }) => path);
}

function pointerOf(path: string): readonly string[] {
  return parsePointer(path) ?? [];
}

function toMissed(recorded: RecordedEvent) {
  return {
    version: recorded.version,
    actor: recorded.meta.actor,
    recorded_at: formatTime(recorded.recordedAt),
    paths: pathsOf(recorded),
  };
}

/** The tag to retry with: that of a bucket is whole if the bucket is as it was refused. */
async function currentTag(
  { view, clock }: MissedParts,
  stream: string,
  version: number,
): Promise<string> {
  const state = await view.state(stream);
  if (state?.kind !== "bucket" || state.version !== version) return String(version);
  return bucketTag(state, await view.stats(stream), clock());
}

function hintOf(
  conflicting: readonly string[] | undefined,
  kind: ResourceKind,
  tag: string,
): string {
  if (conflicting === undefined) {
    return `Read the ${kind}, apply your change again, and retry with If-Match "${tag}".`;
  }
  if (conflicting.length === 0) {
    return `Your change touches other fields: read, reapply, retry with If-Match "${tag}".`;
  }
  const paths = conflicting.slice(0, pathsNamedMax).join(", ");
  const more = conflicting.length - pathsNamedMax;
  const others = more > 0 ? ` and ${more} more` : "";
  return `Your change touches what was changed meanwhile, ${paths}${others}: read, decide, retry with If-Match "${tag}".`;
}

const pathsNamedMax = 10;
