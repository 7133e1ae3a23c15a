/** The three forms that a difference is answered in, as they are read again. */
import { z } from "zod";
import { jsonValue } from "./schemas.js";

const DiffField = z.object({
  path: z.string(),
  was: jsonValue.optional(),
  value: jsonValue.optional(),
});
export type DiffField = Readonly<z.infer<typeof DiffField>>;

/** The answer with `format=fields`: what was there is absent where there was nothing. */
export const diffFields = z.array(DiffField);

/** The answer by its format: applying a patch to the first state gives the second. */
export const DiffResponse = z.union([
  z.array(z.object({ op: z.string(), path: z.string(), value: jsonValue.optional() })),
  diffFields,
  z.record(z.string(), z.unknown()),
]);
