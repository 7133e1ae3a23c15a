/**
 * Bodies beyond 1 MiB or of very many values, which only those that write objects take: what makes them
 * large are the contents of blobs, which are taken out and decoded where others are not kept waiting.
 * What is left is parsed here, part by part.
 */
import { BucketsError } from "../domain/errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  notedFromText,
  ownValue,
  tooManyValues,
} from "../domain/json.js";
import { hasManyValues, parseJsonText } from "../domain/json-text.js";
import { limits } from "../domain/limits.js";
import { TakenContents } from "../domain/object/taken-contents.js";
import type { PatchMediaType } from "../domain/patch-media-type.js";
import { type Contents, takeContents } from "../service/objects/contents.js";
import { nextTurn } from "../timers.js";

/** What is in it: what is written to one object, or objects in a list. */
export type BodyContent = "object" | "objects";

export interface LargeBody {
  readonly bytes: Uint8Array;
  readonly mediaType: PatchMediaType;
  readonly content: BodyContent;
}

/** What was found in it. */
export interface FoundInBody {
  /** The text of what is left. */
  readonly rest: string;
  /** Those of its objects, which it lacks then, where it has a list of them. */
  readonly objects: readonly string[] | undefined;
  readonly contents: Contents;
}

export interface LargeBodies {
  /** @throws BAD_REQUEST for what is not strict JSON, PAYLOAD_TOO_LARGE and VALIDATION_FAILED for what is large without blobs. */
  find(body: LargeBody): Promise<FoundInBody>;
}

/** The request as it is parsed from what was found. */
export async function readFound({ rest, objects, contents }: FoundInBody): Promise<{
  readonly json: JsonValue;
  readonly contents: TakenContents;
}> {
  const json: JsonValue = notedFromText(JSON.parse(rest));
  const taken = new TakenContents(contents);
  if (objects === undefined || !isJsonObject(json)) return { json, contents: taken };
  const parsed: JsonValue[] = [];
  for (const text of objects) {
    parsed.push(notedFromText(JSON.parse(text)));
    await nextTurn();
  }
  return { json: { ...json, objects: parsed }, contents: taken };
}

/** Looks through the body. @throws what `LargeBodies.find` does. */
export function findInBody({ bytes, mediaType, content }: LargeBody): FoundInBody {
  const contents: Contents = new Map();
  const json = parseJsonText(bytes);
  const list = content === "objects" && isJsonObject(json) ? ownValue(json, "objects") : undefined;
  if (!isJsonObject(json) || !isJsonArray(list)) {
    const rest = JSON.stringify(takeContents(mediaType, json, contents));
    assertSmall([rest], limits.jsonBodyBytesMax);
    assertFewValues(rest);
    return { rest, objects: undefined, contents };
  }
  const objects = list.map((object, index) =>
    JSON.stringify(takeContents(mediaType, object, contents, [index])),
  );
  const rest = JSON.stringify({ ...json, objects: [] });
  assertSmall([rest], limits.jsonBodyBytesMax);
  assertSmall(objects, limits.transactionBytesMax);
  for (const text of [rest, ...objects]) assertFewValues(text);
  return { rest, objects, contents };
}

/** @throws PAYLOAD_TOO_LARGE */
function assertSmall(texts: readonly string[], bytesMax: number): void {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= bytesMax) return;
  throw new BucketsError(
    "PAYLOAD_TOO_LARGE",
    `Beside the contents of blobs the body has ${bytes} bytes; at most ${bytesMax} are taken: send large values as blobs.`,
    { limit_bytes: bytesMax, actual_bytes: bytes },
  );
}

/** @throws VALIDATION_FAILED */
function assertFewValues(text: string): void {
  if (hasManyValues(Buffer.from(text))) throw tooManyValues();
}
