/**
 * Finds the route of a request by its method and the number of its segments, in the order of the
 * table, as the router does, which tries the pattern of every route.
 */
import type { Route } from "./route.js";

interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly route: Route;
  readonly segments: readonly Segment[];
}

type Segment = { readonly literal: string } | { readonly name: string; readonly isRest: boolean };

/** Paths with more are for the router alone. */
const segmentsMax = 16;

export class RouteIndex {
  readonly #basePath: string;
  readonly #patterns: readonly Pattern[];
  /** By method and number of segments. */
  readonly #candidates = new Map<string, readonly Pattern[]>();

  constructor(routes: readonly Route[], basePath: string) {
    this.#basePath = basePath;
    this.#patterns = routes.map((route) => ({ route, segments: segmentsOf(route) }));
  }

  /** Undefined for what the router has to look at: what is encoded, and what is no route. */
  find(method: string, path: string): Found | undefined {
    if (path.includes("%") || !path.startsWith(`${this.#basePath}/`)) return undefined;
    const names = path.slice(this.#basePath.length + 1).split("/");
    if (names.length > segmentsMax) return undefined;
    const pattern = this.#among(method, names.length).find(({ segments }) => fits(segments, names));
    return pattern && { route: pattern.route, params: paramsOf(pattern.segments, names) };
  }

  #among(method: string, count: number): readonly Pattern[] {
    // What answers a GET answers a HEAD.
    const asked = method === "HEAD" ? "GET" : method;
    const key = `${asked} ${count}`;
    const known = this.#candidates.get(key);
    if (known !== undefined) return known;
    const found = this.#patterns.filter(
      ({ route, segments }) =>
        route.method === asked &&
        (route.takesRest === true ? segments.length <= count : segments.length === count),
    );
    if (found.length > 0) this.#candidates.set(key, found);
    return found;
  }
}

function segmentsOf({ path, takesRest }: Route): readonly Segment[] {
  const written = path.slice(1).split("/");
  return written.map((segment, at) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    const isRest = takesRest === true && at === written.length - 1;
    return name === undefined ? { literal: segment } : { name, isRest };
  });
}

function fits(segments: readonly Segment[], names: readonly string[]): boolean {
  return segments.every((segment, at) => {
    if ("literal" in segment) return segment.literal === names[at];
    return segment.isRest ? names.slice(at).join("/") !== "" : names[at] !== "";
  });
}

function paramsOf(segments: readonly Segment[], names: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    if ("literal" in segment) continue;
    params[segment.name] = segment.isRest ? names.slice(at).join("/") : (names[at] ?? "");
  }
  return params;
}
