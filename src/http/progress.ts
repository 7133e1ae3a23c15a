/** Work that takes long, answered line by line: how far it is, and its report as the last line. */
import { Readable } from "node:stream";
import { setCache } from "./headers.js";
import type { HttpContext } from "./route.js";

export const ndjson = "application/x-ndjson";

/** Resolves once the work has come somewhere: what is refused before that is answered as an error. */
export async function streamProgress<Progress>(
  context: HttpContext,
  work: (onProgress: (progress: Progress) => void) => Promise<object>,
): Promise<void> {
  const lines = new Readable({ read: () => {}, encoding: "utf8" });
  let hasBegun = false;
  await new Promise<void>((begin, refuse) => {
    const push = (line: object) => {
      lines.push(`${JSON.stringify(line)}\n`);
      hasBegun = true;
      begin();
    };
    work((progress) => push({ progress })).then(
      (report) => {
        push(report);
        lines.push(null);
      },
      (error) => (hasBegun ? lines.destroy(error) : refuse(error)),
    );
  });
  setCache(context, "none");
  context.type = ndjson;
  context.body = lines;
}
