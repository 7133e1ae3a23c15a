/** Asks processes of their own to open files: `processes/inspector.ts`, as many as there are cores. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

export interface Look {
  readonly file: string;
  /** The name of a bucket that is made, to see that writing goes on; nothing is written without. */
  readonly probe?: string;
  /** Whether everything in it is asked for, before anybody verifies. */
  readonly asks?: boolean;
}

/** By the question: a digest of what was answered, or an error. */
export type Answers = Readonly<Record<string, string>>;

export type Inspection =
  | { readonly state: "good"; readonly events: number; readonly answers: Answers }
  /** It opened, and `verify` says what is wrong. */
  | { readonly state: "damaged"; readonly says: string; readonly answers: Answers }
  /** An error of the closed set. */
  | { readonly state: "refused"; readonly code: string; readonly says: string }
  /** Anything else: an error that nobody foresaw, or a process that died. */
  | { readonly state: "broken"; readonly says: string };

const program = fileURLToPath(new URL("./processes/inspector.ts", import.meta.url));
/** A process that hangs is found out; one that is slow, on a machine with other work, is not wrong. */
const answerMs = 600_000;

export class Inspectors implements AsyncDisposable {
  readonly #dist: string;
  readonly #idle: ChildProcess[] = [];
  readonly #waiting: ((child: ChildProcess) => void)[] = [];
  readonly #all: ChildProcess[] = [];

  private constructor(dist: string) {
    this.#dist = dist;
  }

  static async start(dist: string, count = availableParallelism()): Promise<Inspectors> {
    const inspectors = new Inspectors(dist);
    const started = Array.from({ length: count }, () => inspectors.#spawn());
    inspectors.#idle.push(...(await Promise.all(started)));
    return inspectors;
  }

  get count(): number {
    return this.#idle.length;
  }

  async look(look: Look): Promise<Inspection> {
    const child = await this.#take();
    const answer = await this.#ask(child, look);
    this.#release(answer === undefined ? await this.#spawn() : child);
    return (
      answer ?? { state: "broken", says: "the process died, or did not answer in ten minutes" }
    );
  }

  async #spawn(): Promise<ChildProcess> {
    const child = fork(program, [this.#dist], { execArgv: ["--import", "tsx"], stdio: "inherit" });
    this.#all.push(child);
    await once(child, "message");
    return child;
  }

  async #ask(child: ChildProcess, look: Look): Promise<Inspection | undefined> {
    const done = new AbortController();
    const { signal } = done;
    const answered = once(child, "message", { signal }).then(([answer]): Inspection => answer);
    const died = once(child, "exit", { signal }).then(() => undefined);
    const timeout = new Promise<undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), answerMs);
      signal.addEventListener("abort", () => clearTimeout(timer));
    });
    child.send(look);
    try {
      const answer = await Promise.race([answered, died, timeout]);
      if (answer === undefined) child.kill("SIGKILL");
      return answer;
    } finally {
      done.abort();
      await Promise.allSettled([answered, died]);
    }
  }

  #take(): Promise<ChildProcess> {
    const child = this.#idle.pop();
    if (child !== undefined) return Promise.resolve(child);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #release(child: ChildProcess): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(child);
    else next(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#all) child.kill("SIGKILL");
  }
}
