/** One change between two documents, as events hold it and answers show it. */
import { z } from "zod";
import { jsonValue } from "./schemas.js";

export const Change = z.discriminatedUnion("op", [
  z.object({ op: z.literal("add"), path: z.string(), value: jsonValue }),
  z.object({ op: z.literal("remove"), path: z.string(), was: jsonValue }),
  z.object({ op: z.literal("replace"), path: z.string(), value: jsonValue, was: jsonValue }),
]);
export type Change = Readonly<z.infer<typeof Change>>;
