/** The whole service, in a process of its own: the built command line, as its user starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const token = "a-token-for-the-torture-only";

export interface ServiceOptions {
  /** The build that is tried. */
  readonly dist: string;
  readonly file: string;
  readonly port?: number;
  readonly flags?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** The service did not begin: what it said, and with which status it ended. */
export class NotStarted extends Error {
  constructor(
    readonly status: number | null,
    readonly said: string,
  ) {
    super(`the service ended with ${status} before it was ready: ${said.trim()}`);
  }
}

export class Service {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  #said = "";

  private constructor(
    child: ChildProcess,
    readonly url: string,
  ) {
    this.#child = child;
    this.#gone =
      child.exitCode === null && child.signalCode === null
        ? once(child, "exit")
        : Promise.resolve();
  }

  /** @throws NotStarted */
  static async start({
    dist,
    file,
    port = 0,
    flags = [],
    environment = {},
  }: ServiceOptions): Promise<Service> {
    const command = [`${dist}/cli/main.js`, "serve", file, "--port", `${port}`, "--token", token];
    const child = spawn(
      process.execPath,
      [...command, "--log-level", "error", "--rate-limit", "1000000", ...flags],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } },
    );
    const ended = once(child, "exit");
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
      if (started !== undefined) started.#said = said;
    });
    let started: Service | undefined;
    const ready = once(createInterface(child.stdout), "line");
    const first = await Promise.race([ready.catch(() => undefined), ended.then(() => undefined)]);
    const url = /^bucketlog ready (\S+)$/.exec(String(first?.[0]))?.[1];
    if (url === undefined) {
      child.kill("SIGKILL");
      await ended.catch(() => {});
      throw new NotStarted(child.exitCode, said);
    }
    started = new Service(child, url);
    return started;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it wrote on stderr. */
  get said(): string {
    return this.#said;
  }

  /** As if the process had never been told. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  /** As an operator stops it. @returns the exit status. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    await this.#gone;
    return this.#child.exitCode;
  }
}

/** Where clients find the service: it comes and goes while they work. */
export class Address {
  #service: Service | undefined;
  #waiting: (() => void)[] = [];

  set(service: Service | undefined): void {
    this.#service = service;
    if (service === undefined) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves once there is a service. */
  async url(): Promise<string> {
    while (this.#service === undefined) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    return this.#service.url;
  }
}
