/** A thread that looks through bodies, one after the other, as they are sent. */
import { parentPort } from "node:worker_threads";
import { type BucketsError, invariant, isBucketsError } from "../domain/errors.js";
import { findInBody } from "../http/large-body.js";
import { type Looked, SentBody } from "./messages.js";

invariant(parentPort !== null, "this runs in a thread of its own");
const port = parentPort;

port.on("message", (message: unknown) => {
  const sent = SentBody.parse(message);
  const found = look(sent);
  const contents = "contents" in found ? [...found.contents.values()] : [];
  const bytes = contents.flatMap((content) => ("bytes" in content ? [content.bytes.buffer] : []));
  const given = bytes.filter((buffer) => buffer instanceof ArrayBuffer);
  port.postMessage({ id: sent.id, found } satisfies Looked, [...new Set(given)]);
});

function look(sent: SentBody): Looked["found"] {
  try {
    const { contents, objects, rest } = findInBody(sent);
    const told = [...contents].map(
      ([place, content]) =>
        [
          place,
          "error" in content
            ? { error: toldOf(content.error) }
            : // Of its own: small ones share what they lie in, and one that is given away is gone.
              { ...content, bytes: new Uint8Array(content.bytes) },
        ] as const,
    );
    return { rest, objects: objects && [...objects], contents: new Map(told) };
  } catch (error) {
    if (isBucketsError(error)) return { error: toldOf(error) };
    throw error;
  }
}

function toldOf(error: BucketsError) {
  const told = error.toJSON();
  return { ...told, details: { ...told.details } };
}
