/**
 * What a caller missed whose If-Match failed: the events since the version that it had read, and
 * whether its own change touches what they changed.
 */
import { bucketTag } from "../../domain/bucket/response.js";
import { BucketsError } from "../../domain/errors.js";
import { formatTime, type RecordedEvent } from "../../domain/event.js";
import { parted } from "../../domain/history.js";
import { anyVersion, type Precondition } from "../../domain/precondition.js";
import {
  changesOf,
  kindOfStream,
  type ResourceKind,
  streamNamedBy,
} from "../../domain/resource.js";
import type { CommandResult, EventStore, TargetedCommand, Unit } from "../../eventstore/store.js";
import type { View } from "../../projections/view.js";
import { streamEvents } from "../read/stream-events.js";

const missedEventsMax = 100;

interface ConflictParts {
  readonly events: EventStore;
  readonly view: View;
  readonly clock: () => number;
}

/** A unit of which one command was refused. */
export interface RefusedUnit {
  readonly error: BucketsError;
  readonly unit: Unit;
  /** Of the command. */
  readonly index: number;
}

/** The refusal with what was missed, when it is one of a version that the caller had read. */
export async function explainConflict(
  parts: ConflictParts,
  refused: RefusedUnit,
): Promise<BucketsError> {
  const { error, unit, index } = refused;
  const command = unit.commands[index];
  const { current_version: current } = error.details;
  const stream = streamNamedBy(error.details);
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
  const newest = { from: Math.max(from, current - missedEventsMax + 1), to: current };
  const logged = await Array.fromAsync(streamEvents(parts.events, stream, newest));
  const missed = [
    ...parted(logged).readable.map(({ recorded }) => recorded),
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

function newestOf({ ifMatch }: Precondition): number | undefined {
  return Array.isArray(ifMatch) && ifMatch.length > 0 ? Math.max(...ifMatch) : undefined;
}

/** What the unit would do, to its refused command, without the precondition; nothing, if refused. */
async function previewAnyway(
  { events }: ConflictParts,
  { unit, index }: RefusedUnit,
  command: TargetedCommand,
): Promise<readonly CommandResult[]> {
  const anyway = { ...command, precondition: anyVersion };
  const commands = [...unit.commands.slice(0, index), anyway];
  const outcome = await events.preview({ ...unit, commands, idempotency: undefined });
  return outcome.kind === "committed" ? outcome.results : [];
}

/** The paths of a change that are those of missed ones, or above or below them. */
function collisions({ recorded }: CommandResult, missed: readonly RecordedEvent[]): string[] {
  const touched = new Set(missed.flatMap(pathsOf));
  const above = new Set([...touched].flatMap(placesAbove));
  const collides = (path: string) =>
    touched.has(path) || above.has(path) || placesAbove(path).some((place) => touched.has(place));
  return pathsOf(recorded).filter(collides);
}

/** The paths of everything that holds what is at a path: of `/a/b` those are `/a` and the whole. */
function placesAbove(path: string): string[] {
  const places: string[] = [];
  let end = path.lastIndexOf("/");
  while (end >= 0) {
    places.push(path.slice(0, end));
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return places;
}

function pathsOf({ event }: RecordedEvent): string[] {
  return changesOf(event).map(({ path }) => path);
}

/** An event that a caller had not seen. */
export function toMissed(recorded: RecordedEvent) {
  return {
    version: recorded.version,
    actor: recorded.meta.actor,
    recorded_at: formatTime(recorded.recordedAt),
    paths: pathsOf(recorded),
  };
}

/** The tag to retry with: that of a bucket is whole if the bucket is as it was refused. */
async function currentTag(
  { view, clock }: ConflictParts,
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
