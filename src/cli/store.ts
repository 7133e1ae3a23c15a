/** Which store a command works on: a file, or a server with `--url`. Both answer alike. */
import { existsSync } from "node:fs";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import {
  type BucketStore,
  type Buckets,
  connectBuckets,
  type OpenOptions,
  openBuckets,
  type WriteOptions,
} from "../index.js";
import { line } from "./line.js";
import type { Terminal } from "./terminal.js";

export interface StoreFlags {
  readonly file: string;
  readonly url?: string;
  readonly token?: string;
  readonly namespace: string;
}

/** Opens what the flags name; a file is opened for reading only, beside whoever writes to it. */
export async function openForReading(
  terminal: Terminal,
  flags: StoreFlags,
): Promise<BucketStore<unknown>> {
  if (flags.url !== undefined) return connect(flags.url, flags);
  return await openBuckets({ ...existingFileOf(terminal, flags), readOnly: true });
}

/**
 * @param makes whether the file may be new: else a name that was mistyped would make one.
 * @throws LOCKED when a server holds the file: it must be asked instead.
 */
export async function openForWriting(
  terminal: Terminal,
  flags: StoreFlags,
  { makes = false }: { readonly makes?: boolean } = {},
): Promise<BucketStore<unknown>> {
  if (flags.url !== undefined) return connect(flags.url, flags);
  const options = makes ? fileOf(terminal, flags) : existingFileOf(terminal, flags);
  return await withLockHint(() => openBuckets({ ...options, ...tellsUpgrade(terminal) }));
}

/** @throws LOCKED with the way around it. */
export async function withLockHint<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "LOCKED") throw error;
    const hint = "change it through the server:  add --url http://… and --token …";
    throw new BucketsError(error.code, error.message, { ...error.details, hint }, error);
  }
}

export function connect(
  baseUrl: string,
  { token }: Pick<StoreFlags, "token">,
): BucketStore<unknown> {
  return connectBuckets({ baseUrl, ...(token !== undefined && { token }) });
}

/** Runs `work` on the buckets of the namespace, and closes the store after it. */
export async function reading(
  terminal: Terminal,
  flags: StoreFlags,
  work: (buckets: Buckets<WriteOptions, unknown>) => Promise<void>,
): Promise<void> {
  await using store = await openForReading(terminal, flags);
  await work(store.namespace(flags.namespace).buckets);
}

/** Where the file is, and what the environment has of it: its keys, and the name of its log. */
export function fileOf(
  { io, path }: Terminal,
  { file }: { readonly file: string },
): Pick<OpenOptions, "file" | "secretKey" | "signingKey" | "origin"> {
  const origin = io.env["BUCKETLOG_ORIGIN"];
  const secretKey = io.env["BUCKETLOG_SECRET_KEY"];
  const signingKey = io.env["BUCKETLOG_SIGNING_KEY"];
  return {
    file: path(file),
    ...(secretKey !== undefined && { secretKey }),
    ...(signingKey !== undefined && { signingKey }),
    ...(origin !== undefined && origin !== "" && { origin }),
  };
}

/**
 * Says how far bringing a file of an older version up to date has come, that it was done, and how to
 * take that back.
 */
export function tellsUpgrade(
  terminal: Terminal,
): Required<Pick<OpenOptions, "onUpgrade" | "onUpgradeProgress">> {
  return {
    onUpgradeProgress: terminal.printProgress,
    onUpgrade: ({ file, migrations, copy, bytes, milliseconds }) => {
      terminal.endProgress();
      terminal.printError(
        line`${file} was brought up to date in ${milliseconds} ms (${migrations.join(", ")}); as it was before it is in ${copy}, ${bytes} bytes`,
      );
    },
  };
}

/** The same, of a file that is there. @throws FILE_INVALID naming the one that is not. */
export function existingFileOf(terminal: Terminal, flags: { readonly file: string }) {
  const options = fileOf(terminal, flags);
  if (existsSync(options.file)) return options;
  throw new BucketsError("FILE_INVALID", `There is no file ${options.file}.`, {
    file: options.file,
    hint: "name the one that is meant:  --file <file>; `bucketlog serve` makes one",
  });
}
