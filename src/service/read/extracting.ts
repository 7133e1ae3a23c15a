/** The part of an extract that is about the moment: which position it stands for, and what there is to read. */
import type { ExtractOptions } from "../../api/index.js";
import type { ExtractSource } from "../../copies/extract.js";
import { invariant } from "../../domain/errors.js";
import { assertNamespace } from "../../domain/namespace/name.js";
import type { LogTree } from "../../eventstore/log-tree.js";
import type { EventStore, LogPoint } from "../../eventstore/store.js";
import type { ReadingParts } from "../parts.js";
import { knownPoint } from "./namespace-past.js";
import { asPoint } from "./stream-past.js";

interface ExtractParts extends ReadingParts {
  readonly tree: Pick<LogTree, "identity">;
}

/** @throws BAD_REQUEST for a version, or a name that is none; NOT_FOUND for what is beyond the end. */
export async function extractSource(
  { events, view, clock, tree }: ExtractParts,
  { asOf, namespace }: Pick<ExtractOptions, "asOf" | "namespace">,
): Promise<Omit<ExtractSource, "onProgress">> {
  if (namespace !== undefined) assertNamespace(namespace);
  const takenAt = clock();
  const head = await events.head();
  const asked = asPoint(asOf, "as_of");
  const known = asked && (await knownPoint({ events, view, clock }, namespace, asked));
  const position =
    known === undefined ? head.position : await positionAt(events, known.point, head.position);
  return {
    events,
    identity: await tree.identity(),
    position,
    at: known?.at ?? takenAt,
    takenAt,
    namespace,
    bucketIds: await view.idsOf("bucket", namespace),
  };
}

/** Of the last event at or before the point, or 0: times never run backwards along the log. */
async function positionAt(
  events: Pick<EventStore, "readLog">,
  point: LogPoint,
  head: number,
): Promise<number> {
  if (point.kind === "position") return point.position;
  let low = 0;
  let high = head;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [row] = await events.readLog(middle - 1, 1);
    invariant(row !== undefined, `the log has lost position ${middle}`);
    if (row.recordedAt <= point.time) low = middle;
    else high = middle - 1;
  }
  return low;
}
