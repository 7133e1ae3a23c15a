/** What the server and the thread that looks through bodies say to each other. */
import { z } from "zod";
import { errorCodes } from "../domain/errors.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";

const refusal = z.object({
  name: z.literal("BucketsError"),
  code: z.enum(errorCodes),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});

const content = z.union([
  z.object({
    bytes: z.instanceof(Uint8Array),
    filename: z.string().optional(),
    mimeType: z.string().optional(),
  }),
  z.object({ error: refusal }),
]);

export const SentBody = z.object({
  id: z.number(),
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  mediaType: z.enum(patchMediaTypes),
  content: z.enum(["object", "objects"]),
});
export type SentBody = z.infer<typeof SentBody>;

export const Looked = z.object({
  id: z.number(),
  found: z.union([
    z.object({
      rest: z.string(),
      objects: z.array(z.string()).optional(),
      contents: z.map(z.string(), content),
    }),
    z.object({ error: refusal }),
  ]),
});
export type Looked = z.infer<typeof Looked>;
