/**
 * The bytes of a blob by a signed URL, under which the browser itself fetches them: as much of them as
 * it shows, and without the token. The URL ends after an hour, so what may come later asks for another.
 */
import type { ObjectResponse, Objects } from "../../../client/index.js";
import { serverUrl } from "../../route/place.js";

export type ObjectBlob = ObjectResponse["blobs"][number];

interface WantedBlob {
  readonly object: string;
  readonly blobId: string;
  readonly asOf: string | undefined;
}

export async function askSignedUrl(objects: Objects, wanted: WantedBlob): Promise<string> {
  const { object, blobId, asOf } = wanted;
  const { object: read } = await objects.get(object, { asOf, showUrls: true });
  const blob = read.blobs.find(({ blob_id }) => blob_id === blobId);
  const url = blob?.properties["presigned_url"];
  if (typeof url !== "string") throw new Error("the bytes of this blob are not here.");
  return reachable(url);
}

/** Behind a proxy the server may be reached elsewhere than it thinks: here, where the page is from. */
function reachable(url: string): string {
  return serverUrl + url.slice(url.indexOf("/v1/downloads/"));
}

/** The kinds of content that are shown. */
export type ShownKind = "image" | "audio" | "video" | "text";

/** What the bytes are shown as, if at all: what was declared is not trusted, and nothing here can run. */
export function shownKind(declared: string | undefined): ShownKind | undefined {
  const type = declared?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "image/svg+xml") return undefined;
  if (type.startsWith("text/") || type === "application/json") return "text";
  switch (/^(image|audio|video)\/[\w.+-]+$/.exec(type)?.[1]) {
    case "image":
      return "image";
    case "audio":
      return "audio";
    case "video":
      return "video";
    default:
      return undefined;
  }
}
