/**
 * The package as it was built, for processes that tests start again and again: having each of them read
 * the sources would take most of its time.
 */
type Library = typeof import("../../src/index.js");

const library: Library = await import(new URL("../../dist/index.js", import.meta.url).href);

export const { openBuckets } = library;
