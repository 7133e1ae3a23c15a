/** `bucketlog serve`: the API on one file, until it is told to stop. */
import { existsSync } from "node:fs";
import pino from "pino";
import { BucketsError } from "../domain/errors.js";
import { startServer } from "../http/index.js";
import { openBuckets } from "../index.js";
import { print, printError } from "./output.js";
import { untilSignal } from "./signals.js";

export interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly auth: boolean;
  readonly requireIfMatch: boolean;
  readonly durability: "full" | "relaxed";
  readonly readOnly: boolean;
  readonly publicUrl?: string;
  readonly logLevel: string;
}

const loopback = ["127.0.0.1", "::1", "localhost"];

export async function serve(file: string, flags: ServeFlags): Promise<void> {
  if (!flags.auth && !loopback.includes(flags.host)) {
    throw new BucketsError(
      "BAD_REQUEST",
      `--no-auth is for loopback only: ${flags.host} can be reached from elsewhere.`,
    );
  }
  const secretKey = process.env["BUCKETLOG_SECRET_KEY"];
  const isNew = file !== ":memory:" && !existsSync(file);
  await using store = await openBuckets({
    file,
    actor: "server",
    readOnly: flags.readOnly,
    durability: flags.durability,
    ...(secretKey !== undefined && { secretKey }),
  });
  if (flags.token !== undefined) store.tokens.accept(flags.token);
  if (flags.auth && store.tokens.count === 0) {
    const { token } = store.tokens.create({ name: "admin", permission: "admin" });
    printError(`${isNew ? `made ${file}; ` : ""}admin token, shown this once: ${token}`);
  }
  const server = await startServer({
    store,
    logger: pino({ level: flags.logLevel, base: null }, pino.destination({ fd: 2, sync: true })),
    host: flags.host,
    port: flags.port,
    noAuth: !flags.auth,
    requireIfMatch: flags.requireIfMatch,
    ...(flags.publicUrl !== undefined && { publicUrl: flags.publicUrl }),
  });
  print(`bucketlog ready ${server.url}`);
  await untilSignal();
  await server.close();
}
