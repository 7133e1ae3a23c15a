import type { Mutation } from "./mutations.js";

/** @throws when the text is not there, or more than once. */
export function mutated(
  text: string,
  { file, find, replace }: Pick<Mutation, "file" | "find" | "replace">,
): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}
