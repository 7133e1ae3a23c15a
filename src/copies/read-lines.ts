/** The lines of a file that somebody gave us: bounded, UTF-8, each ended, compressed or not. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { BucketsError, type ErrorCode } from "../domain/errors.js";

export interface NumberedLine {
  /** From 1. */
  readonly number: number;
  /** Without its newline. */
  readonly text: string;
}

const lineBytesMax = 40 * 1024 * 1024;
/** Of a file of ours, about 5; a bomb has 1,000. */
const ratioMax = 200;
/** So much of anything may unfold to whatever it does. */
const unfoldedAtOnceMax = 1024 * 1024;

const newline = 10;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What lines are taken for, and so what it is when they are damaged. */
export interface LineReading {
  readonly code: ErrorCode;
  /** Whether the last line ends as well: nothing can be missing behind it then. */
  readonly mustEnd: boolean;
}

const ofLog: LineReading = { code: "PROOF_INVALID", mustEnd: true };
/** Those that somebody may have written by hand. */
export const ofText: LineReading = { code: "BAD_REQUEST", mustEnd: false };

/**
 * @throws FILE_INVALID when there is no such file; PROOF_INVALID, or the code that is asked for, with
 * the number of the line, for one that is too long, no UTF-8, or cut off.
 */
export async function* readLines(file: string, reading = ofLog): AsyncIterable<NumberedLine> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of readBytes(file, reading)) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, end));
      yield { number, text: decoded(Buffer.concat(parts), number, reading) };
      number += 1;
      parts = [];
      length = 0;
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > lineBytesMax)
      throw badLine(number, `has more than ${lineBytesMax} bytes`, reading);
  }
  if (length === 0) return;
  if (reading.mustEnd) throw badLine(number, "has no end: the file was cut off", reading);
  yield { number, text: decoded(Buffer.concat(parts), number, reading) };
}

async function* readBytes(file: string, { code }: LineReading): AsyncIterable<Buffer> {
  const isCompressed = await startsAsGzip(file);
  const source = createReadStream(file);
  if (!isCompressed) return yield* source;
  let unfolded = 0;
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) {
      unfolded += chunk.length;
      if (unfolded > unfoldedAtOnceMax && unfolded > ratioMax * source.bytesRead) {
        throw new BucketsError(
          code,
          `${file} unfolds to more than ${ratioMax} times its size: it is no file of ours.`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !String(error.code).startsWith("Z_")) {
      throw error;
    }
    throw new BucketsError(
      code,
      `${file} is damaged or cut off: ${error.message}.`,
      { file },
      error,
    );
  } finally {
    source.destroy();
  }
}

/** RFC 1952, section 2.3.1. */
async function startsAsGzip(file: string): Promise<boolean> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BucketsError("FILE_INVALID", `${file} cannot be read: ${why}.`, { file }, error);
  }
}

function decoded(bytes: Uint8Array, number: number, reading: LineReading): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badLine(number, "is no UTF-8", reading);
  }
}

function badLine(line: number, problem: string, { code }: LineReading): BucketsError {
  return new BucketsError(code, `Line ${line} ${problem}.`, { line });
}
