/** Counts what the probes of an instrumented build tell. It follows the stack through awaits. */
import { z } from "zod";

const counts = z.record(z.string(), z.number());
export const WalkReport = z.object({
  /** In the order of being entered. */
  files: z.array(z.string()),
  calls: z.number(),
  /** As a reader follows it: from the file entered last to the one entered next. */
  moves: z.number(),
  /** Of these, the ones up to a higher layer. */
  climbs: z.number(),
  /** Calls into another file. */
  crossings: z.number(),
  /** Of these, the ones into a file that is among the callers already, by `from > to`. */
  returns: counts,
  /** And the ones from a lower layer to a higher one. */
  upward: counts,
  /** Calls with none of ours below them: from the event loop, from Koa, from a promise. */
  entries: z.number(),
  instances: counts,
  objects: z.number(),
  arrays: z.number(),
  closures: z.number(),
});
export type WalkReport = z.infer<typeof WalkReport>;

/** Is in no folder because all may import it; what else is in none composes all. */
const shared = ["durable-file.js", "room.js", "package-folder.js", "timers.js"];

/** The direction of imports, lowest first. */
const layers = [
  "domain",
  "api",
  "eventstore",
  "blobstore",
  "proofs",
  "projections",
  "engines",
  "copies",
  "service",
  "http",
];

function layerOf(file: string): number {
  if (shared.includes(file)) return -1;
  const layer = layers.indexOf(file.split("/")[0] ?? "");
  return layer === -1 ? layers.length : layer;
}

/** A call that is under way. */
export interface Call {
  readonly file: string;
  /** Kept also when it goes on after it waited. */
  readonly caller: Call | undefined;
}

export class WalkCounter {
  isOn = false;
  #stack: Call[] = [];
  readonly #files = new Set<string>();
  readonly #returns = new Map<string, number>();
  readonly #upward = new Map<string, number>();
  readonly #instances = new Map<string, number>();
  readonly #counts = {
    calls: 0,
    moves: 0,
    climbs: 0,
    crossings: 0,
    entries: 0,
    objects: 0,
    arrays: 0,
    closures: 0,
  };
  #last: string | undefined;

  /** A function begins. */
  enter(file: string): Call {
    const call = { file, caller: this.#stack.at(-1) };
    if (this.isOn) this.#count(call);
    this.#stack.push(call);
    return call;
  }

  #count({ file, caller }: Call): void {
    this.#files.add(file);
    this.#counts.calls += 1;
    this.#follow(file);
    if (caller === undefined) {
      this.#counts.entries += 1;
    } else if (caller.file !== file) {
      const way = `${caller.file} > ${file}`;
      this.#counts.crossings += 1;
      if (isAmong(caller, file)) add(this.#returns, way);
      if (layerOf(file) > layerOf(caller.file)) add(this.#upward, way);
    }
  }

  #follow(file: string): void {
    if (this.#last !== undefined && this.#last !== file) {
      this.#counts.moves += 1;
      if (layerOf(file) > layerOf(this.#last)) this.#counts.climbs += 1;
    }
    this.#last = file;
  }

  /** A function ends, or waits: nothing above it goes on. */
  leave<T>(call: Call, value?: T): T | undefined {
    const at = this.#stack.lastIndexOf(call);
    if (at !== -1) this.#stack.length = at;
    return value;
  }

  /** A function goes on after it waited: whatever ran meanwhile has ended. */
  resume<T>(call: Call, value?: T): T | undefined {
    if (this.#stack.at(-1) !== call) this.#stack = [call];
    return value;
  }

  made<T>(kind: "objects" | "arrays" | "closures", value: T): T {
    if (this.isOn) this.#counts[kind] += 1;
    return value;
  }

  instance<T>(name: string, value: T): T {
    if (this.isOn) add(this.#instances, name);
    return value;
  }

  report(): WalkReport {
    return {
      ...this.#counts,
      files: [...this.#files],
      returns: Object.fromEntries(this.#returns),
      upward: Object.fromEntries(this.#upward),
      instances: Object.fromEntries(this.#instances),
    };
  }
}

function isAmong(call: Call | undefined, file: string): boolean {
  for (let at = call; at !== undefined; at = at.caller) if (at.file === file) return true;
  return false;
}

function add(counted: Map<string, number>, key: string): void {
  counted.set(key, (counted.get(key) ?? 0) + 1);
}
