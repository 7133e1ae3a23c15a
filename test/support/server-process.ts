/** Starting the server of `child-server.ts` in a process of its own, to kill it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves once the process is gone. */
  readonly kill: () => Promise<void>;
}

/** @param more what `child-server.ts` takes beside the file and the token. */
export async function startServerProcess(
  file: string,
  token: string,
  ...more: readonly string[]
): Promise<ServerProcess> {
  const script = fileURLToPath(new URL("./child-server.ts", import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", script, file, token, ...more],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const gone = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  const { stdout } = child;
  if (stdout === null) throw new Error("the child has no output");
  const [line] = await once(createInterface(stdout), "line");
  return { child, url: String(line), kill };
}
