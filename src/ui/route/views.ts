/** What a view is: the path that shows it, and what shows it. */
import type { ComponentType } from "preact";

type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

/** What the path of a view says, decoded. */
export type Params<Path extends string> = Readonly<Record<Names<Path>, string>>;

/** The parameters of a path that the view has, or undefined when it is another. */
type Match = (path: string) => Readonly<Record<string, string>> | undefined;

export interface View {
  readonly match: Match;
  readonly Page: ComponentType<Readonly<Record<string, string>>>;
}

/** A view at a path such as `{namespace}/buckets/{bucket}`, whose page gets what the path says. */
export function view<Path extends string>(path: Path, Page: ComponentType<Params<Path>>): View {
  return { match: matcherOf(path), Page };
}

function matcherOf(pattern: string): Match {
  const wanted = pattern.split("/");
  return (path) => {
    const segments = path.replace(/\/$/, "").split("/");
    if (segments.length !== wanted.length) return undefined;
    const params: [string, string][] = [];
    for (const [index, segment] of segments.entries()) {
      const name = /^\{(\w+)\}$/.exec(wanted[index] ?? "")?.[1];
      if (name !== undefined) params.push([name, decode(segment)]);
      else if (segment !== wanted[index]) return undefined;
    }
    return Object.fromEntries(params);
  };
}

/** What cannot be decoded is shown as it is. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
