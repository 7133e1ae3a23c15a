/** The bytes of a blob on their way to who reads them. */

/** From the first byte to the last, both included and counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes in their order, in the words of the language: clients have no Node, and no types of it. */
export interface BlobStream extends AsyncIterable<Uint8Array> {
  /** Ends what is not read to its end. A `for await` that is left does so too. */
  destroy(): unknown;
}
