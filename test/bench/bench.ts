/**
 * What a benchmark is: subjects (one for each build) and floors that are measured in turns, and the
 * lines that are drawn from them. It knows nothing of what is measured.
 */
import type { Setup } from "./setup.js";

/** What one round of one contender brought, each figure by its name. */
export type Sample = Readonly<Record<string, number>>;

/** Somebody who is measured; the harness calls `warm` and then `run` again and again. */
export interface Contender {
  /** What makes it as fast as it gets: a server that idled for 40 s runs at half speed. */
  warm(): Promise<unknown>;
  run(): Promise<Sample>;
  close(): Promise<void>;
}

/** One line of the result, made of what one round brought. */
export interface Line {
  readonly title: string;
  readonly unit: "x" | "ms" | "µs" | "per s" | "bytes";
  /** Whether more of it is better. */
  readonly better: "more" | "less";
  /** The floor that it is held against. */
  readonly floor?: string;
  readonly value: (subject: Sample, floor: Sample) => number;
  /** What it has to reach, and what would be good. */
  readonly target?: number;
  readonly hope?: number;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** The build that is measured; of two, one after the other. */
  readonly subject: (setup: Setup, dist: string) => Promise<Contender>;
  /** What it is held against: floors and peers. One that is not installed is left out, and said so. */
  readonly floors: Readonly<Record<string, (setup: Setup) => Promise<Contender | NotInstalled>>>;
  readonly lines: readonly Line[];
}

/** A peer that is not there, and how to get it. */
export class NotInstalled {
  constructor(readonly how: string) {}
}

/** How many of it there are in a second, as a share of what the floor does. */
export function rate(floor: string): Pick<Line, "unit" | "better" | "floor" | "value"> {
  return {
    unit: "x",
    better: "more",
    floor,
    value: (subject, other) => figure(subject, "perSecond") / figure(other, "perSecond"),
  };
}

/** The same by the CPU time of one: what a busy machine disturbs less. */
export function thrift(floor: string): Pick<Line, "unit" | "better" | "floor" | "value"> {
  return {
    unit: "x",
    better: "more",
    floor,
    value: (subject, other) => figure(other, "cpuMicros") / figure(subject, "cpuMicros"),
  };
}

/** The speed of what takes `ms`, as a share of that of the floor. */
export function speed(floor: string): Pick<Line, "unit" | "better" | "floor" | "value"> {
  return {
    unit: "x",
    better: "more",
    floor,
    value: (subject, other) => figure(other, "ms") / figure(subject, "ms"),
  };
}

/** A figure as it is. */
export function plain(name: string, unit: Line["unit"]): Pick<Line, "unit" | "better" | "value"> {
  return {
    unit,
    better: unit === "per s" ? "more" : "less",
    value: (subject) => figure(subject, name),
  };
}

export function figure(sample: Sample, name: string): number {
  const value = sample[name];
  if (value === undefined) throw new Error(`The sample has no "${name}".`);
  return value;
}
