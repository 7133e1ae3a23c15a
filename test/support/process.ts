/** Starting the process of `child.ts` and talking to it, line by line. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const script = fileURLToPath(new URL("./child.ts", import.meta.url));

export class StoreProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  /** Resolves once the process has opened the file for writing. */
  static async start(file: string): Promise<StoreProcess> {
    const started = new StoreProcess(file);
    await started.line();
    return started;
  }

  private constructor(file: string) {
    this.#child = spawn(process.execPath, ["--import", "tsx", script, file]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    onTestFinished(async () => {
      await this.kill();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the process did not start");
    return this.#child.pid;
  }

  /** The next line that it answers. */
  async line(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the process ended");
    return JSON.parse(value);
  }

  tell(command: string): void {
    this.#child.stdin.write(`${command}\n`);
  }

  async ask(command: string): Promise<unknown> {
    this.tell(command);
    return await this.line();
  }

  /** What it still said before it was killed. */
  async kill(): Promise<unknown[]> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    const rest: unknown[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) return rest;
      rest.push(JSON.parse(value));
    }
  }
}
