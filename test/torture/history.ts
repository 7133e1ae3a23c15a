/**
 * Whether what clients saw can have happened, in time that grows with the number of attempts: versions
 * give the order of writes, so none has to be searched for.
 */
import type { Ended } from "./journal.js";

/** When some version can have become the current one: not before its write was asked for. */
interface Window {
  readonly begun: bigint;
  /** The latest moment; nobody knows of one whose answer never came. */
  readonly ended: bigint | undefined;
}

/** @returns what cannot have happened, one line each. */
export function checkHistory(attempts: readonly Ended[]): string[] {
  const faults: string[] = [];
  const written = attempts.filter(({ deed, version }) => isWrite(deed) && version !== undefined);
  const byBucket = Map.groupBy(written, (attempt) => resourceOf(attempt));
  const windows = new Map<string, Map<number, Window>>();
  for (const [bucket, writes] of byBucket) {
    const ofBucket = windowsOf(bucket, writes, faults);
    windows.set(bucket, ofBucket);
    checkOrder(bucket, ofBucket, faults);
  }
  for (const attempt of attempts) {
    const ofBucket = windows.get(resourceOf(attempt));
    if (ofBucket === undefined) continue;
    if (attempt.outcome === "refused" && attempt.status === 412)
      checkRefusal(attempt, ofBucket, faults);
    if (attempt.outcome === "refused" && attempt.status === 400 && isWrite(attempt.deed)) {
      const { id, deed, refusal } = attempt;
      faults.push(`${id}: ${deed} refused with 400, though it is one that fits: ${refusal}`);
    }
    if (attempt.outcome === "acknowledged" && isAstray(attempt)) {
      faults.push(`${attempt.id}: done, though it asked for version ${attempt.ifMatch}`);
    }
    if (attempt.deed === "read" && attempt.version !== undefined) {
      checkRead(attempt, attempt.version, ofBucket, faults);
    }
  }
  checkPast(attempts, faults);
  return faults;
}

/** A write that asked for a version makes the one after it, or nothing. */
function isAstray({ ifMatch, version }: Ended): boolean {
  return ifMatch !== undefined && version !== undefined && version !== ifMatch + 1;
}

function isWrite(deed: Ended["deed"]): boolean {
  return ["create", "patch", "lock", "unlock", "secret"].includes(deed);
}

function resourceOf({ resource, about }: Ended): string {
  return resource ?? about;
}

function windowsOf(bucket: string, writes: readonly Ended[], faults: string[]) {
  const windows = new Map<number, Window>();
  for (const { id, version, begun, ended, outcome } of writes) {
    if (outcome !== "acknowledged" || version === undefined) continue;
    if (windows.has(version)) faults.push(`${id}: version ${version} of ${bucket} was given twice`);
    windows.set(version, { begun, ended });
  }
  return windows;
}

/** Real time is respected: what was answered before another was asked for has the lower version. */
function checkOrder(bucket: string, windows: ReadonlyMap<number, Window>, faults: string[]): void {
  const versions = [...windows].sort(([a], [b]) => b - a);
  let earliestEnd: { readonly version: number; readonly ended: bigint } | undefined;
  // From the newest down: none of the newer ones may have been answered before this was asked for.
  for (const [version, { begun, ended }] of versions) {
    if (earliestEnd !== undefined && earliestEnd.ended < begun) {
      faults.push(
        `${bucket}: version ${earliestEnd.version} was answered before ${version} was asked for`,
      );
    }
    if (ended !== undefined && (earliestEnd === undefined || ended < earliestEnd.ended)) {
      earliestEnd = { version, ended };
    }
  }
}

/** A 412 is right when at some moment of its window another version was, or can have been, current. */
function checkRefusal(
  { id, ifMatch, begun, ended }: Ended,
  windows: ReadonlyMap<number, Window>,
  faults: string[],
): void {
  if (ifMatch === undefined) {
    faults.push(`${id}: refused with 412, and asked for no version`);
    return;
  }
  const own = windows.get(ifMatch);
  const next = windows.get(ifMatch + 1);
  const wasCurrentBefore = own?.ended !== undefined && own.ended < begun;
  const nextBegun = next?.begun;
  const staysCurrent =
    nextBegun === undefined ? !isOverwritten(ifMatch, windows) : nextBegun > ended;
  if (wasCurrentBefore && staysCurrent) {
    faults.push(`${id}: refused with 412, though version ${ifMatch} was current all the while`);
  }
}

/** Whether a version beyond the next is known: then the next, which nobody was told of, was there. */
function isOverwritten(version: number, windows: ReadonlyMap<number, Window>): boolean {
  return Math.max(...windows.keys()) > version + 1;
}

/** A read sees what was answered before it was asked, and nothing that was asked for after its answer. */
function checkRead(
  { id, begun, ended }: Ended,
  version: number,
  windows: ReadonlyMap<number, Window>,
  faults: string[],
): void {
  for (const [other, window] of windows) {
    if (other > version && window.ended !== undefined && window.ended < begun) {
      faults.push(`${id}: read version ${version}, though ${other} had been answered before`);
      return;
    }
  }
  const own = windows.get(version);
  if (own !== undefined && own.begun > ended) {
    faults.push(`${id}: read version ${version} before it was asked for`);
  }
}

/** What was said about the past once is said again for ever. */
function checkPast(attempts: readonly Ended[], faults: string[]): void {
  const answers = new Map<string, string>();
  for (const { id, about, answer, outcome } of attempts) {
    if (answer === undefined || outcome !== "acknowledged") continue;
    const before = answers.get(about) ?? answer;
    answers.set(about, before);
    if (before !== answer) faults.push(`${id}: ${about} was answered otherwise before`);
  }
}
