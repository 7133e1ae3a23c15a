/**
 * The files of a server whose store is to be gone when it ends: in a folder of their own, which its
 * owner alone can open. What a server that was killed left there, the next one removes.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** Of this machine, or container: a process of the same number elsewhere is another. */
const prefix = `bucketlog-ephemeral-${hostname()}-`;

export class EphemeralFiles {
  readonly #folder: string;
  #begun = 0;

  constructor() {
    for (const folder of leftBehind()) rmSync(folder, { recursive: true, force: true });
    this.#folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  }

  /** That of the store that was begun last. */
  get file(): string {
    return join(this.#folder, `${this.#begun}.db`);
  }

  /** The file of a store that begins anew. */
  begin(): string {
    this.#begun += 1;
    return this.file;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function leftBehind(): readonly string[] {
  return readdirSync(tmpdir())
    .filter(
      (name) =>
        name.startsWith(prefix) && !isRunning(Number.parseInt(name.slice(prefix.length), 10)),
    )
    .map((name) => join(tmpdir(), name))
    .filter((folder) => lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.());
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One that may not be asked is there.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
