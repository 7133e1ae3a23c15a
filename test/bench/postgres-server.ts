/** A PostgreSQL of its own in the system's temporary folder, with the durability it has by default. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pinned } from "./machine.js";

export interface PostgresServer {
  /** The folder of its socket. */
  readonly host: string;
  readonly user: string;
  stop(): Promise<void>;
}

const startMsMax = 20_000;
const user = "postgres";

/** Where its programs are; undefined when there are none. */
function binaries(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      return dirname(realpathSync(join(folder, "postgres")));
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

/** Nobody but its own user may run it where we are root, because it refuses to. */
function identity(): { readonly uid: number; readonly gid: number } | undefined | "none" {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number.parseInt(spawnSync("id", [flag, user], { encoding: "utf8" }).stdout, 10),
  );
  return uid === undefined || gid === undefined || Number.isNaN(uid) ? "none" : { uid, gid };
}

/** Undefined where it cannot run: it is not installed, or there is only root. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const programs = binaries();
  const as = identity();
  if (programs === undefined || as === "none") return undefined;
  const host = mkdtempSync(join(tmpdir(), "bucketlog-postgres-"));
  // Its own user needs a way in.
  chmodSync(host, 0o777);
  const data = join(host, "data");
  const options = { ...as, cwd: host } as const;
  const made = spawnSync(
    join(programs, "initdb"),
    ["--auth=trust", "--no-locale", "--encoding=UTF8", "-U", user, "-D", data],
    { ...options, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const [command = "", ...parameters] = pinned([
    join(programs, "postgres"),
    ...["-D", data, "-k", host, "-c", "listen_addresses=", "-c", "max_connections=100"],
  ]);
  const child = spawn(command, parameters, { ...options, stdio: "ignore" });
  await untilReady(programs, host);
  return { host, user, stop: () => stop(child, host) };
}

async function untilReady(programs: string, host: string): Promise<void> {
  for (let waited = 0; waited < startMsMax; waited += 100) {
    const asked = spawnSync(join(programs, "pg_isready"), ["-h", host, "-U", user]);
    if (asked.status === 0) return;
    await delay(100);
  }
  throw new Error("PostgreSQL did not start.");
}

async function stop(child: ChildProcess, host: string): Promise<void> {
  const exited = once(child, "exit");
  // Its fast shutdown: does not wait for connections.
  child.kill("SIGINT");
  await exited;
  rmSync(host, { recursive: true, force: true });
}
