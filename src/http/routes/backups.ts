/** The route that takes a backup, into the one folder that the operator has opened for it. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { z } from "zod";
import type { BackupProgress } from "../../api/index.js";
import { BucketsError } from "../../domain/errors.js";
import { parseBody } from "../../domain/schemas.js";
import { ndjson, streamProgress } from "../progress.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const BackupRequest = z.object({
  to: z.string().min(1).meta({ description: "A folder below that of --backup-root." }),
  update: z.boolean().nullish().meta({
    description: "Take the place of an earlier backup there, whose blobs are not copied again.",
  }),
});

/** @param root the folder that backups may be put in; without one, none may. */
export function backupRoutes(root: string | undefined): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/v1/admin/backups",
      operationId: "takeBackup",
      summary: "Copy the whole store, with its blobs, into a folder; proved and signed",
      permission: "admin",
      isStoreWide: true,
      query: noQuery,
      body: { "application/json": BackupRequest },
      examples: { "application/json": { to: "monday", update: true } },
      needsBody: true,
      response: z.string(),
      responseTypes: [ndjson],
      refusals: [400, 409, 413, 415, 422, 501, 507],
      handle: async ({ context, store, body }) => {
        const { to, update } = parseBody(BackupRequest, body ?? {});
        const path = below(root, to);
        await streamProgress<BackupProgress>(context, (onProgress) =>
          store.backup(path, { update: update === true, onProgress }),
        );
      },
    }),
  ];
}

/** @throws FORBIDDEN for a place outside of the root, also by way of a link. */
function below(root: string | undefined, to: string): string {
  if (root === undefined) {
    throw new BucketsError(
      "FORBIDDEN",
      "This server takes no backups by request: start it with --backup-root <folder>.",
    );
  }
  const path = settled(resolve(root, to));
  if (path?.startsWith(`${realpathSync(root)}${sep}`) === true) return path;
  throw new BucketsError("FORBIDDEN", `"${to}" is no place in the folder for backups.`, { to });
}

/** Without links; undefined when there is no folder for it. */
function settled(path: string): string | undefined {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return undefined;
  }
}
