/**
 * The contents of new blobs that were taken out of a body before it became a request, because they are
 * large: in the body each is `true`, and here are its bytes, by the place of the blob.
 */
import type { BucketsError } from "../errors.js";
import type { Location } from "./blobs.js";

export type TakenContent =
  | {
      readonly bytes: Uint8Array;
      readonly filename?: string | undefined;
      readonly mimeType?: string | undefined;
    }
  /** It is none: whoever wants it is told. */
  | { readonly error: BucketsError };

export class TakenContents {
  readonly #byPlace: ReadonlyMap<string, TakenContent>;
  readonly #above: Location;

  constructor(byPlace: ReadonlyMap<string, TakenContent>, above: Location = []) {
    this.#byPlace = byPlace;
    this.#above = above;
  }

  /** That of the blob there, if it was taken out. @throws what is wrong with it */
  at(place: Location): Exclude<TakenContent, { readonly error: BucketsError }> | undefined {
    const content = this.#byPlace.get(nameOfPlace([...this.#above, ...place]));
    if (content !== undefined && "error" in content) throw content.error;
    return content;
  }

  /** Those of a part of the body that is a request by itself. */
  within(place: Location): TakenContents {
    return new TakenContents(this.#byPlace, [...this.#above, ...place]);
  }
}

/** A place as the key of a map. */
export function nameOfPlace(place: Location): string {
  return place.join("/");
}
