/** Every event of the bucket on a line, and the moment that is shown: dragged, stepped or written. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HistoryEntry } from "../../../client/index.js";
import { useAnswer } from "../../answer/use-answer.js";
import { setQuery } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { useKey } from "../../shell/keys.js";
import { MomentBox } from "../../show/moment-box.js";
import { exactTime, Time } from "../../show/time.js";
import { allEntries, entriesMax } from "./all-entries.js";
import { type Mark, marksOf } from "./slider-marks.js";
import { useBucket } from "./use-bucket.js";

const stripBins = 240;

export function TimeSlider() {
  const { id, read, latest, deletion } = useBucket();
  const namespace = useNamespace();
  const newest = deletion === undefined ? latest.version : latest.version - 1;
  // Longer histories are laid out by their versions, because their times are not all known.
  const entries = useAnswer(
    () => allEntries(namespace, id, latest.version),
    [namespace, id, latest.version],
    id,
  ).data;
  const line = useMemo(() => lineOf(entries ?? [], newest), [entries, newest]);
  const [dragged, setDragged] = useState<number>();
  const shown = dragged ?? read.version;
  const track = useRef<HTMLDivElement>(null);
  const show = (version: number) => {
    const wanted = Math.min(Math.max(version, 1), newest);
    setQuery(
      { as_of: wanted === newest && deletion === undefined ? undefined : String(wanted) },
      { replace: true },
    );
  };
  useKey("[", "version before", () => show(read.version - 1));
  useKey("]", "next version", () => show(read.version + 1));
  useEffect(() => setDragged(undefined), [read]);
  const pointed = ({ clientX }: PointerEvent): number => {
    const box = track.current?.getBoundingClientRect();
    if (box === undefined) return shown;
    return line.versionAt((clientX - box.left) / box.width);
  };
  const drag = (event: PointerEvent) => {
    const version = pointed(event);
    if (version === shown) return;
    setDragged(version);
    show(version);
  };
  const isPast = shown !== newest;
  return (
    <div class={`slider ${isPast ? "past" : ""}`}>
      <div
        ref={track}
        class="track"
        role="slider"
        tabIndex={0}
        aria-label="Version"
        aria-valuemin={1}
        aria-valuemax={newest}
        aria-valuenow={shown}
        aria-valuetext={valueText(shown, line.timeOf(shown))}
        onKeyDown={(event) => {
          const next = keyed(event.key, shown, newest);
          if (next === undefined) return;
          event.preventDefault();
          show(next);
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(event);
        }}
      >
        <svg viewBox={`0 0 ${stripBins} 24`} preserveAspectRatio="none" aria-hidden="true">
          <path class="rail" d={`M0 22H${stripBins}`} />
          <path class="ticks" d={line.ticks} />
        </svg>
        {line.marks.map(({ place, label }) => (
          <span
            key={label}
            class="slider-mark"
            aria-hidden="true"
            style={{ insetInlineStart: `${place * 100}%` }}
          >
            {label}
          </span>
        ))}
        <span class="thumb" style={{ insetInlineStart: `${line.placeOf(shown) * 100}%` }} />
      </div>
      <div class="slider-legend">
        <span class="soft">v1 {line.first !== undefined && <Time at={line.first} />}</span>
        <MomentBox text={momentText(shown, newest, line.timeOf(shown))} />
        <span class="soft">now · v{newest}</span>
      </div>
    </div>
  );
}

function valueText(version: number, time: number | undefined): string {
  return time === undefined
    ? `version ${version}`
    : `version ${version}, ${exactTime(new Date(time))}`;
}

/** The version that a key leads to, as in every slider. */
function keyed(key: string, version: number, newest: number): number | undefined {
  const page = Math.max(1, Math.round(newest / 10));
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return version - 1;
    case "ArrowRight":
    case "ArrowUp":
      return version + 1;
    case "PageDown":
      return version - page;
    case "PageUp":
      return version + page;
    case "Home":
      return 1;
    case "End":
      return newest;
    default:
      return undefined;
  }
}

interface Line {
  /** From 0, the first event, to 1, now. */
  readonly placeOf: (version: number) => number;
  /** The version whose event is nearest to the place. */
  readonly versionAt: (place: number) => number;
  readonly timeOf: (version: number) => number | undefined;
  readonly first: number | undefined;
  /** A path with a tick for each event; dense ones are higher. */
  readonly ticks: string;
  /** Where years, or months, begin. */
  readonly marks: readonly Mark[];
}

function lineOf(entries: readonly HistoryEntry[], newest: number): Line {
  const times = entries.slice(0, newest).map(({ recorded_at: at }) => Date.parse(at));
  const [first] = times;
  const isTimed = first !== undefined && times.length === newest && newest > 1;
  const end = Math.max(times.at(-1) ?? 0, (first ?? 0) + 1);
  const placeOf = (version: number): number => {
    const time = times[version - 1];
    if (newest <= 1) return 1;
    if (!isTimed || time === undefined) return (version - 1) / (newest - 1);
    return (time - first) / (end - first);
  };
  const places = Array.from({ length: newest > entriesMax ? 0 : newest }, (_, index) =>
    placeOf(index + 1),
  );
  const versionAt = (place: number): number => {
    if (places.length === 0) return Math.round(place * (newest - 1)) + 1;
    const distances = places.map((other) => Math.abs(other - place));
    // Of events in one place, the last.
    return distances.lastIndexOf(Math.min(...distances)) + 1;
  };
  return {
    placeOf,
    versionAt,
    timeOf: (version) => times[version - 1],
    first,
    ticks: ticksOf(places),
    marks: isTimed ? marksOf(first, end) : [],
  };
}

function ticksOf(places: readonly number[]): string {
  const bins = new Map<number, number>();
  for (const place of places) {
    const bin = Math.min(Math.round(place * stripBins * 2) / 2, stripBins);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return [...bins].map(([bin, count]) => `M${bin} ${Math.max(4, 16 - count * 3)}V22`).join("");
}

/** The version that is shown, and when it came to be. */
function momentText(shown: number, newest: number, time: number | undefined): string {
  return time === undefined ? `v${shown} of ${newest}` : `v${shown} · ${exactTime(new Date(time))}`;
}
