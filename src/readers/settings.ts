/** What the server and its readers say to each other. */
import { MessagePort } from "node:worker_threads";
import { z } from "zod";
import { permissions } from "../domain/permissions.js";

/** How a reader opens the store, and what its app has to know to answer as the server does. */
export const ReaderSettings = z.object({
  store: z.object({
    file: z.string(),
    secretKey: z.string().exactOptional(),
    allowLoopbackUrls: z.boolean().exactOptional(),
  }),
  app: z.object({
    publicUrl: z.string().exactOptional(),
    basePath: z.string().exactOptional(),
    pastCacheSeconds: z.number().exactOptional(),
  }),
});
export type ReaderSettings = z.infer<typeof ReaderSettings>;

/** A connection, and whose request comes on it. */
const AdmittedRead = z.object({
  port: z.instanceof(MessagePort),
  token: z.object({
    name: z.string(),
    permission: z.enum(permissions),
    namespaces: z.array(z.string()).nullable(),
  }),
});

/** What the server sends: a read, or the question whether the reader is in some long work. */
export const ToReader = z.union([AdmittedRead, z.literal("awake?")]);
export type ToReader = z.infer<typeof ToReader>;

/**
 * What a reader sends beside its answers, once it has loaded: that it is in no long work, lines of its log,
 * and that the log was altered.
 */
export const FromReader = z.union([
  z.literal("awake"),
  z.object({ line: z.string() }),
  z.object({ altered: z.object({ position: z.number(), problem: z.string() }) }),
]);
export type FromReader = z.infer<typeof FromReader>;
