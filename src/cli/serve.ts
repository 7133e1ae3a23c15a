/** `bucketlog serve`: the API on one file, until it is told to stop. */
import pino, { type Logger } from "pino";
import { BodyThread } from "../bodies/body-thread.js";
import type { Keep } from "../copies/keeping.js";
import { BackupSchedule } from "../copies/schedule.js";
import { BucketsError } from "../domain/errors.js";
import { serveStore } from "../http/index.js";
import { type EmbeddedStore, openBuckets } from "../index.js";
import { ReaderPool } from "../readers/pool.js";
import { ResettableStore } from "../service/resettable.js";
import { linesOf, loadSeed } from "../service/seeds/load-seed.js";
import { SeedPast } from "../service/seeds/seed-past.js";
import { openEphemeral, readSeed } from "../start.js";
import { signEvery } from "./checkpoints.js";
import { EphemeralFiles } from "./ephemeral-files.js";
import { giveFirstToken } from "./first-token.js";
import { line } from "./line.js";
import { LogLines } from "./log-lines.js";
import { logStartError, tellsInJson } from "./start-error.js";
import { existingFileOf, fileOf } from "./store.js";
import type { Terminal } from "./terminal.js";

export interface ServeFlags {
  readonly file: string;
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly auth: boolean;
  readonly allowLoopbackUrls: boolean;
  readonly requireIfMatch: boolean;
  readonly durability: "full" | "relaxed";
  readonly readOnly: boolean;
  readonly withoutSecrets: boolean;
  readonly checkpointSeconds?: number;
  readonly anchorFile?: string;
  readonly anchorCommand?: string;
  readonly maxQueueMs: number;
  readonly readAuditDays: number;
  readonly scrubMibPerSecond: number;
  readonly memoryBudget: number;
  readonly minFreeDisk: number;
  readonly maxUploadBytes?: number;
  readonly maxConnections: number;
  readonly maxStreams: number;
  readonly readers: number;
  readonly readTimeout: number;
  readonly acceptTruncation: boolean;
  readonly resumeTimers: boolean;
  readonly strict: boolean;
  readonly ephemeral: boolean;
  readonly seed?: string;
  readonly allowReset: boolean;
  readonly publicUrl?: string;
  readonly basePath: string;
  readonly corsOrigin?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly rateLimit?: number;
  readonly backupRoot?: string;
  readonly backupTo?: string;
  readonly backupEvery: number;
  readonly backupKeep: Keep;
  readonly ui: boolean;
  readonly publicCheckpoints: boolean;
  readonly pastCacheSeconds: number;
  readonly origin?: string;
  readonly logLevel: string;
}

/** The store that is asked for, with its seed if it is new. */
async function open(
  terminal: Terminal,
  flags: ServeFlags,
  logger: Logger,
  ephemeral: EphemeralFiles | undefined,
): Promise<EmbeddedStore<unknown>> {
  if (flags.allowReset && !flags.ephemeral) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--allow-reset needs --ephemeral: a file never forgets, so it cannot be reset.",
    );
  }
  const seed = await readSeed(flags.seed === undefined ? undefined : terminal.path(flags.seed));
  if (ephemeral !== undefined) {
    const opened = await openEphemeral(seed, flags, () => ({
      ...boundsOf(flags),
      file: ephemeral.begin(),
      // Nothing of it is to outlive the server.
      durability: "relaxed",
    }));
    tellSeeded(terminal, logger, opened.tokens);
    return opened.store;
  }
  const past = new SeedPast();
  const store = await openBuckets({
    ...boundsOf(flags),
    ...(flags.readOnly ? existingFileOf : fileOf)(terminal, flags),
    ...originOf(flags),
    actor: "server",
    onUpgradeProgress: terminal.printProgress,
    onUpgrade: (upgrade) => {
      terminal.endProgress();
      logger.warn(upgrade, "the file was brought up to date; as it was before it is in the copy");
    },
    clock: past.now,
    newId: past.newId,
    readOnly: flags.readOnly,
    withoutSecrets: flags.withoutSecrets,
    ...(flags.scrubMibPerSecond > 0 && { scrubMibPerSecond: flags.scrubMibPerSecond }),
    acceptTruncation: flags.acceptTruncation,
    resumeTimers: flags.resumeTimers,
    strict: flags.strict,
    durability: flags.durability,
  });
  // A seed is a beginning: what has begun already keeps its own.
  if ((await store.head()).position === 0) {
    const { tokens } = await loadSeed(store, linesOf(seed), { name: "the seed", past });
    tellSeeded(terminal, logger, new Map(tokens.map(({ name, token }) => [name, token])));
  }
  return store;
}

/** For whoever looks on, and in no log, as the first token is. */
function tellSeeded(terminal: Terminal, logger: Logger, tokens: ReadonlyMap<string, string>): void {
  if (tokens.size === 0) return;
  if (terminal.io.stderr.isTTY !== true) {
    const names = [...tokens.keys()];
    logger.warn({ tokens: names }, "tokens of the seed were made: rotate them for their secrets");
    return;
  }
  for (const [name, token] of tokens) {
    terminal.printError(line`token of ${name}, shown this once: ${token}`);
  }
}

/** What holds of any store that is served, wherever it lies. */
function boundsOf(flags: ServeFlags) {
  return {
    maxQueueMs: flags.maxQueueMs,
    readAuditDays: flags.readAuditDays,
    minFreeBytes: flags.minFreeDisk * 1024 * 1024,
    ...(flags.maxUploadBytes !== undefined && { maxUploadBytes: flags.maxUploadBytes }),
    allowLoopbackUrls: flags.allowLoopbackUrls,
  };
}

/** What the log signs as, once it first does: where it is reached, unless it is told otherwise. */
function originOf({ origin, publicUrl, basePath }: ServeFlags): { readonly origin?: string } {
  if (origin !== undefined) return { origin };
  if (publicUrl === undefined) return {};
  const { host, pathname } = new URL(publicUrl);
  return { origin: `${host}${pathname}`.replace(/\/$/, "") + basePath };
}

const collectEveryMs = 60 * 60 * 1_000;

/** What refused writes left of their blobs is removed while serving, once its grace is over. */
function collectEveryHour(store: EmbeddedStore<unknown>, logger: Logger): NodeJS.Timeout {
  const collect = () =>
    store.collectBlobs().then(
      (report) => logger.info(report, "blobs collected"),
      (error) => logger.error({ err: error }, "blobs were not collected"),
    );
  return setInterval(collect, collectEveryMs).unref();
}

const loopback = ["127.0.0.1", "::1", "localhost"];

/** @returns how the process must exit, where that was told as a line of the log. */
export async function serve(terminal: Terminal, flags: ServeFlags): Promise<number | undefined> {
  try {
    return await serveUntilStopped(terminal, flags);
  } catch (error) {
    if (!tellsInJson(terminal)) throw error;
    return logStartError(terminal, error);
  }
}

async function serveUntilStopped(terminal: Terminal, flags: ServeFlags): Promise<undefined> {
  if (!flags.auth && !loopback.includes(flags.host)) {
    throw new BucketsError(
      "BAD_REQUEST",
      `--no-auth is for loopback only: ${flags.host} can be reached from elsewhere.`,
    );
  }
  using lines = new LogLines(terminal.io.stderr);
  const logger = pino({ level: flags.logLevel, base: null }, lines);
  using ephemeral = flags.ephemeral ? new EphemeralFiles() : undefined;
  await using store = await open(terminal, flags, logger, ephemeral);
  if (flags.token !== undefined) store.tokens.accept(flags.token);
  const file = flags.ephemeral ? undefined : terminal.path(flags.file);
  const needsToken = flags.auth && store.tokens.count === 0;
  const forget = needsToken ? await giveFirstToken({ terminal, store, logger, file }) : undefined;
  const readers = readersOf(terminal, flags, store, lines, ephemeral);
  const largeBodies = new BodyThread();
  const backups = scheduleOf(terminal, flags, store, logger);
  const signing = signEvery(terminal, flags, store, logger);
  const server = await serveStore({
    store,
    ...(backups !== undefined && { backups }),
    ...(readers !== undefined && { readers }),
    largeBodies,
    logger,
    host: flags.host,
    port: flags.port,
    memoryBytesMax: flags.memoryBudget * 1024 * 1024,
    connectionsMax: flags.maxConnections,
    streamsMax: flags.maxStreams,
    noAuth: !flags.auth,
    requireIfMatch: flags.requireIfMatch,
    ...(flags.allowReset &&
      store instanceof ResettableStore && { reset: () => resetAll(store, readers) }),
    ...(flags.publicUrl !== undefined && { publicUrl: flags.publicUrl }),
    basePath: flags.basePath,
    ui: flags.ui,
    publicCheckpoints: flags.publicCheckpoints,
    pastCacheSeconds: flags.pastCacheSeconds,
    ...(flags.corsOrigin !== undefined && { corsOrigins: flags.corsOrigin }),
    ...(flags.trustedProxies !== undefined && { trustedProxies: flags.trustedProxies }),
    ...(flags.rateLimit !== undefined && { rateLimit: flags.rateLimit }),
    ...(flags.backupRoot !== undefined && { backupRoot: terminal.path(flags.backupRoot) }),
  });
  terminal.print(line`bucketlog ready ${server.url}`);
  const collecting = flags.readOnly ? undefined : collectEveryHour(store, logger);
  const preparing = setTimeout(() => readers?.prepare(), readerPreparedAfterMs);
  backups?.start();
  await terminal.io.untilStopped();
  forget?.();
  clearInterval(collecting);
  clearTimeout(preparing);
  await signing?.stop();
  const stopped = backups?.stop();
  await server.close();
  await readers?.close();
  await largeBodies.close();
  // One that is under way ends with the store.
  await store.close();
  await stopped;
}

/** The store begins anew, in another file. */
async function resetAll(store: ResettableStore, readers: ReaderPool | undefined): Promise<void> {
  await store.reset();
  await readers?.renew();
}

/**
 * The threads that read what is much, if any are to. Where the secrets have no key, that of URLs is in
 * this thread alone.
 */
function readersOf(
  terminal: Terminal,
  flags: ServeFlags,
  store: EmbeddedStore<unknown>,
  lines: LogLines,
  ephemeral: EphemeralFiles | undefined,
): ReaderPool | undefined {
  if (flags.withoutSecrets || flags.readers === 0) return undefined;
  return new ReaderPool({
    countMax: flags.readers,
    timeoutMs: flags.readTimeout * 1_000,
    heapMegabytesMax: readerHeapMegabytes,
    onLine: lines.write,
    onAltered: (fault) => store.integrity.report(fault),
    settings: () => ({
      store: {
        ...(ephemeral === undefined ? existingFileOf(terminal, flags) : { file: ephemeral.file }),
        allowLoopbackUrls: flags.allowLoopbackUrls,
      },
      app: {
        ...(flags.publicUrl !== undefined && { publicUrl: flags.publicUrl }),
        basePath: flags.basePath,
        pastCacheSeconds: flags.pastCacheSeconds,
      },
    }),
  });
}

const readerHeapMegabytes = 384;

/** A server that is only just asked something answers that first: a reader takes half a second to load. */
const readerPreparedAfterMs = 1_000;

/** The backups that are taken while it serves, if any are to be. */
function scheduleOf(
  terminal: Terminal,
  flags: ServeFlags,
  store: EmbeddedStore<unknown>,
  logger: Logger,
): BackupSchedule | undefined {
  if (flags.backupTo === undefined) return undefined;
  if (flags.ephemeral) {
    throw new BucketsError(
      "BAD_REQUEST",
      "--backup-to needs a file: what is --ephemeral has none.",
    );
  }
  return new BackupSchedule({
    store,
    folder: terminal.path(flags.backupTo),
    everyMs: flags.backupEvery,
    keep: flags.backupKeep,
    clock: Date.now,
    onTaken: (report) => {
      logger.info(report, "backup taken");
      if (report.wal_bytes > report.bytes / 2) logger.warn(report, "the WAL grew meanwhile");
    },
    onFailed: (error) => logger.error({ err: error }, "no backup was taken"),
  });
}
