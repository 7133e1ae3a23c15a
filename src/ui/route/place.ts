/**
 * Where the reader is: the path below `/ui/` and the query, which together restore every view. Links
 * are ordinary ones; those into the page are followed without loading it anew.
 */
import { Cell, useCell } from "../cell.js";

export interface Place {
  /** Below the base, without a slash at its beginning, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const base = new URL(document.baseURI);
const place = new Cell(readPlace());

/** The server's own address, under which the API is. */
export const serverUrl = new URL("..", base).href.replace(/\/$/, "");

function readPlace(): Place {
  const { pathname, search } = window.location;
  return { path: pathname.slice(base.pathname.length), query: new URLSearchParams(search) };
}

export function usePlace(): Place {
  return useCell(place);
}

/** The address of a path below the base; the segments are encoded here. */
export function address(
  segments: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const path = base.pathname + segments.map(encodeURIComponent).join("/");
  return path + searchOf(new URLSearchParams(presentOf(query)));
}

function presentOf(query: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === "" ? [] : [[name, value]],
  );
}

function searchOf(query: URLSearchParams): string {
  // Kept readable: these mean nothing special in a query.
  const text = query
    .toString()
    .replaceAll("%40", "@")
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

export function navigate(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  const { path } = place.value;
  place.set(readPlace());
  if (path !== place.value.path) window.scrollTo(0, 0);
}

/** Changes parts of the query and keeps the rest; undefined removes. */
export function setQuery(
  parts: Readonly<Record<string, string | undefined>>,
  options: { readonly replace?: boolean } = {},
): void {
  navigate(hrefWith(parts), options);
}

/** The address of this view with parts of the query changed; undefined removes. */
export function hrefWith(parts: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(parts)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  return base.pathname + place.value.path + searchOf(query);
}

/** Follows links into the page, and the browser's back and forward. */
export function followLinks(): void {
  window.addEventListener("popstate", () => place.set(readPlace()));
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (event.defaultPrevented || !isPlain || event.altKey || link === null) return;
    if (link.target !== "" || link.hasAttribute("download")) return;
    if (link.origin !== base.origin || !link.pathname.startsWith(base.pathname)) return;
    event.preventDefault();
    navigate(link.href);
  });
}
