/** The guards that the torture takes out of a build are in it, each once. */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { edited, mutations } from "./parts/mutations.js";

test.each(mutations.map((mutation) => [mutation.guard, mutation] as const))(
  "it can be taken out that %s",
  (_, { edits }) => {
    for (const edit of edits) expect(() => edited(resolve("."), edit)).not.toThrow();
  },
);
