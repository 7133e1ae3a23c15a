/** A part of the torture: one thing that happens to a store, as often as it is asked for. */
import type { Random } from "../support/random.js";

export interface Setting {
  /** The build that is tried. */
  readonly dist: string;
  /** A folder of its own, empty, that is removed afterwards. */
  readonly folder: string;
  readonly random: Random;
  /** The library that stands in front of the files; undefined where it cannot be built. */
  readonly disk: string | undefined;
  /** How often: images, kills, faults, files, or minutes. */
  readonly count: number;
  /** Whether its time is over: it ends with what it has tried so far, and the report says so. */
  readonly isOver: () => boolean;
  readonly say: (text: string) => void;
}

export interface Result {
  /** What was counted, in the order in which it is told. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What must not be: empty when all is well. */
  readonly faults: readonly string[];
  /** Why it was not run at all. */
  readonly skipped?: string;
}

export interface Part {
  readonly name: string;
  /** One sentence for the report. */
  readonly title: string;
  /** What `count` counts. */
  readonly unit: string;
  /** How often in a full run, and in the smoke. */
  readonly full: number;
  readonly smoke: number;
  readonly run: (setting: Setting) => Promise<Result>;
}
