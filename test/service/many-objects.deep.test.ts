/** The story of `test/large/objects.ts` at a small size, for what is true whatever it costs. */
import { expect, test } from "vitest";
import { measureObjects } from "../bench/object-costs.js";

test("objects made a hundred at once are all there, listed and added up", async () => {
  const { counted } = await measureObjects(500);
  expect(counted).toEqual({ list: 500, aggregated: 500 });
});
