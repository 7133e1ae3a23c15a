/**
 * Where the secrets of a connection are: it is what stands inline in the source adapter of a bucket,
 * as a resource of its own, so that its credentials are where they are there.
 */
import type { Pointer } from "../pointer.js";

export const credentialsAt: Pointer = ["source_adapter", "connection"];
