/**
 * `bucketlog serve` as operators meet it: processes of the built command, real signals and sockets.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openBuckets } from "../../src/index.js";
import { bucketlog, temporaryFolder } from "../support/cli.js";
import { deepTest } from "../support/depth.js";
import {
  bucketOf,
  type Client,
  createClient,
  header,
  makeBucket,
  temporaryFile,
  textAt,
  tokens,
} from "../support/server.js";

const bin = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const ready = /^bucketlog ready (http:\/\/127\.0\.0\.1:\d+\S*)\n/;

interface Exit {
  readonly code: number | null;
}

class ServerProcess {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly #exited: Promise<unknown>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [bin, "serve", "--port", "0", ...args], {
      env: { PATH: process.env["PATH"], ...env },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#exited = once(this.child, "close");
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.#exited;
    });
  }

  /** Where it serves, once it says so. */
  async url(): Promise<string> {
    while (!ready.test(this.stdout)) {
      await Promise.race([once(this.child.stdout, "data"), this.#exited]);
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
    }
    return ready.exec(this.stdout)?.[1] ?? "";
  }

  async client(): Promise<Client> {
    return createClient(await this.url());
  }

  async exit(signal?: NodeJS.Signals): Promise<Exit> {
    if (signal !== undefined) this.child.kill(signal);
    await this.#exited;
    return { code: this.child.exitCode };
  }
}

function newFile(): string {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  return file;
}

describe("what it prints", () => {
  test("stdout has the one ready line, stderr JSON alone; the made token is in a file of its own", async () => {
    const file = newFile();
    const server = new ServerProcess([file]);
    const url = await server.url();
    const made = readFileSync(`${file}.token`, "utf8").trim();
    expect(statSync(`${file}.token`).mode & 0o777).toBe(0o600);
    const answer = await fetch(`${url}/v1/events/head`, {
      headers: { Authorization: `Bearer ${made}` },
    });
    expect(answer.status).toBe(200);
    expect((await server.exit("SIGTERM")).code).toBe(0);
    expect(server.stdout).toBe(`bucketlog ready ${url}\n`);
    expect(server.stderr).toContain('"route":"/v1/events/head"');
    expect(made).toMatch(/^\S{20,}$/);
    expect(server.stderr).not.toContain(made);
    const lines = server.stderr.trimEnd().split("\n");
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ token_file: `${file}.token` });
  });

  test.each([
    ["a port that is no number", ["--port", "none"], 2, "--port"],
    [
      "a seed that is not there",
      ["--ephemeral", "--seed", "none.ndjson"],
      2,
      "The seed cannot be read",
    ],
    ["a folder in the place of a file", [tmpdir()], 1, "it is a folder"],
    ["a reset without a store that forgets", ["--allow-reset"], 2, "needs --ephemeral"],
  ])("what keeps it from starting is JSON: %s", async (_, flags, code, why) => {
    const server = new ServerProcess(flags);
    expect((await server.exit()).code).toBe(code);
    const lines = server.stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: 60,
      msg: expect.stringContaining(why),
    });
  });

  test("its options have environment twins", async () => {
    const server = new ServerProcess([newFile()], {
      BUCKETLOG_TOKEN: tokens.admin,
      BUCKETLOG_BASE_PATH: "/api/buckets/",
      BUCKETLOG_RATE_LIMIT: "100",
      BUCKETLOG_TRUSTED_PROXIES: "10.0.0.0/8 127.0.0.1",
      BUCKETLOG_CORS_ORIGIN: "https://a.example.com https://b.example.com",
    });
    const client = await server.client();
    expect(await server.url()).toMatch(/\/api\/buckets$/);
    const origin = "https://b.example.com";
    const answer = await client.get("/v1/events/head", { headers: { Origin: origin } });
    expect(answer.status).toBe(200);
    expect(header(answer, "RateLimit-Policy")).toBe('"default";q=100;w=60');
    expect(header(answer, "Access-Control-Allow-Origin")).toBe(origin);
    const two = { Forwarded: "for=192.0.2.1", "X-Forwarded-For": "192.0.2.2" };
    expect((await client.get("/v1/events/head", { headers: two })).status).toBe(400);
  });

  test.each([
    [["--public-url", "https://buckets.example.com/api/"], {}, "buckets.example.com/api"],
    [["--public-url", "https://a.example.com", "--base-path", "/b"], {}, "a.example.com/b"],
    [["--public-url", "https://a.example.com", "--origin", "films"], {}, "films"],
    [[], { BUCKETLOG_ORIGIN: "films.example.com" }, "films.example.com"],
  ] as const)(
    "with %j and %j the log signs as %s, which everybody may see",
    async (args, env, name) => {
      const open = ["--token", tokens.admin, "--public-checkpoints"];
      const server = new ServerProcess([newFile(), ...open, ...args], env);
      const client = await server.client();
      await makeBucket(client);
      await client.post("/v1/admin/checkpoints", {});
      const { status, text } = await client.get("/v1/log/checkpoint", { token: "none" });
      expect([status, text.split("\n")[0]]).toEqual([200, name]);
    },
  );

  test.for([
    ["--origin", "films of mine"],
    ["--base-path", "/a/../b"],
    ["--cors-origin", "https://a.example.com/path"],
    ["--rate-limit", "0"],
    ["--trusted-proxies", "10.0.0.0/33"],
  ])("a wrong %s is refused before anything is made", async ([option = "", value = ""]) => {
    const folder = temporaryFolder();
    const ran = await bucketlog(folder, ["serve", option, value]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(value);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("how it ends", () => {
  test("74 SIGTERM under load loses no acknowledged write, and exits 0", async () => {
    const file = newFile();
    const server = new ServerProcess([file, "--token", tokens.admin, "--log-level", "silent"]);
    const client = await server.client();
    const path = await makeBucket(client);
    const acknowledged = new Map<number, string>();
    let isOver = false;
    const write = async (writer: number) => {
      for (let count = 0; !isOver; count += 1) {
        const description = `${writer}.${count}`;
        const answer = await client.patch(path, { description }).catch(() => undefined);
        if (answer === undefined) return;
        // While it drains it may refuse; what it accepts it must keep.
        if (answer.status !== 200) continue;
        acknowledged.set(Number(header(answer, "X-Version")), description);
      }
    };
    const writers = Array.from({ length: 8 }, (_, writer) => write(writer));
    while (acknowledged.size < 200) await new Promise((resolve) => setTimeout(resolve, 10));
    const exit = await server.exit("SIGTERM");
    isOver = true;
    await Promise.all(writers);
    expect(exit.code, server.stderr).toBe(0);

    await using store = await openBuckets({ file, readOnly: true });
    expect((await store.verify()).ok).toBe(true);
    const { buckets } = store.namespace();
    const bucketId = path.replace("/v1/buckets/", "");
    const kept = new Map<number, unknown>();
    for await (const line of buckets.replay(bucketId)) {
      if ("event" in line) kept.set(line.event.version, line.document["description"]);
    }
    for (const [version, description] of acknowledged) expect(kept.get(version)).toBe(description);
    // At most what each writer had under way was kept without an answer.
    expect(kept.size - 1 - acknowledged.size).toBeLessThanOrEqual(writers.length);
  });

  test("a second server on the file exits 5, and names the first", async () => {
    const file = newFile();
    const first = new ServerProcess([file, "--token", tokens.admin]);
    await first.url();
    const second = new ServerProcess([file, "--token", tokens.admin]);
    expect((await second.exit()).code).toBe(5);
    expect(second.stderr).toContain(`process ${first.child.pid}`);
    expect(second.stdout).toBe("");
    expect((await (await first.client()).get("/readyz")).status).toBe(200);
  });
});

describe("what is under way at once", () => {
  test("is bounded by its options: change feeds, connections, and bytes of uploads", async () => {
    const bounds = ["--max-streams", "1", "--max-connections", "6", "--max-upload-bytes", "5"];
    const server = new ServerProcess([newFile(), "--token", tokens.admin, ...bounds]);
    const client = await server.client();
    const properties = { file: { type: "document" } };
    const path = await makeBucket(client, { bucket_schema: { properties } });
    const announced = { filename: "a.txt", content_type: "text/plain", blob_property: "file" };
    const made = await client.post(`${path}/uploads`, announced);
    const put = (body: string) =>
      fetch(textAt(made, "presigned_url"), {
        method: "PUT",
        headers: { "Content-Type": "text/plain" },
        body,
      });
    expect((await put("123456")).status).toBe(507);
    expect((await put("12345")).status).toBe(200);
    const { hostname, port } = new URL(await server.url());
    const ask = async (accept: string) => {
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      socket.write(
        `GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.admin}\r\nAccept: ${accept}\r\n\r\n`,
      );
      return String(await once(socket, "data"));
    };
    expect(await ask("text/event-stream")).toMatch(/^HTTP\/1\.1 200 /);
    const second = await ask("text/event-stream");
    expect(second).toMatch(/^HTTP\/1\.1 503 /);
    expect(second).toContain("Too many change feeds");
    let last = "";
    for (let others = 0; others < 5; others += 1) last = await ask("application/json");
    expect(last).toMatch(/^HTTP\/1\.1 503 /);
    expect(last).toContain("Too many connections");
  });
});

describe("who it waits for", () => {
  deepTest("68 two hundred slow clients stop nobody, and cost little memory", async () => {
    const server = new ServerProcess([newFile(), "--token", tokens.admin, "--log-level", "silent"]);
    const client = await server.client();
    const path = await makeBucket(client);
    for (let warm = 0; warm < 50; warm += 1) await client.patch(path, { description: `${warm}` });
    // The first reader begins by itself, and is not what they cost.
    expect((await client.post("/v1/buckets/list", {})).status).toBe(200);
    const before = await residentBytes(client);
    const sockets = dripping(await server.url(), 200);
    for (let write = 0; write < 60; write += 1) {
      bucketOf(await client.patch(path, { description: `${write}` }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(200);
    expect((await residentBytes(client)) - before).toBeLessThan(64 * 1024 * 1024);
    // They would go on for ever: that it ends is because it stops to wait for them.
    expect((await server.exit("SIGTERM")).code).toBe(0);
  });
});

async function residentBytes(client: Client): Promise<number> {
  const { text } = await client.get("/metrics");
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
}

/** Clients that send a large body, a few bytes at a time. */
function dripping(url: string, count: number): readonly Socket[] {
  const { hostname, port } = new URL(url);
  const head = `POST /v1/buckets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.admin}\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n`;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname, () => socket.write(head));
    // The server may cut it off at the end.
    socket.on("error", () => {});
    return socket;
  });
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(" ".repeat(16));
  }, 50);
  onTestFinished(() => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

describe("what is ephemeral", () => {
  const foldersIn = (temporary: string) =>
    readdirSync(temporary).filter((name) => name.startsWith("bucketlog-ephemeral-"));

  function serveEphemeral(temporary: string) {
    const flags = ["--ephemeral", "--allow-reset", "--token", tokens.admin];
    return new ServerProcess(flags, { TMPDIR: temporary });
  }

  test("lies in a folder that its owner alone can open, and that is gone when it ends", async () => {
    const temporary = dirname(newFile());
    const server = serveEphemeral(temporary);
    const { post } = await server.client();
    const bucket = { bucket_name: "films", bucket_schema: { properties: {} } };
    expect((await post("/v1/buckets", bucket)).status).toBe(200);
    const [folder = ""] = foldersIn(temporary);
    expect(statSync(join(temporary, folder)).mode & 0o777).toBe(0o700);
    expect((await server.exit("SIGTERM")).code, server.stderr).toBe(0);
    expect(foldersIn(temporary)).toEqual([]);
  });

  test("is listed by threads beside the server, also once it has begun anew", async () => {
    const server = serveEphemeral(dirname(newFile()));
    const { post } = await server.client();
    const totals: unknown[] = [];
    for (const bucket_name of ["films", "images"]) {
      await post("/v1/buckets", { bucket_name, bucket_schema: { properties: {} } });
      const listed = await post("/v1/buckets/list", {});
      totals.push(listed.status, Object(listed.body).results[0].bucket_name);
      expect((await post("/v1/admin/reset", {})).status).toBe(200);
    }
    expect(totals).toEqual([200, "films", 200, "images"]);
  });

  test("is removed by the next server when it was killed", async () => {
    const temporary = dirname(newFile());
    const killed = serveEphemeral(temporary);
    await killed.url();
    await killed.exit("SIGKILL");
    const [left] = foldersIn(temporary);
    expect(left).toBeDefined();
    const next = serveEphemeral(temporary);
    await next.url();
    expect(foldersIn(temporary)).not.toContain(left);
    expect(foldersIn(temporary)).toHaveLength(1);
  });
});

test("backups are taken while it serves, and doctor finds them; what has no file has none", async () => {
  const { file, remove } = temporaryFile();
  onTestFinished(remove);
  const folder = join(dirname(file), "backups");
  const refused = await bucketlog(dirname(file), ["serve", "--ephemeral", "--backup-to", folder]);
  expect(refused).toMatchObject({ code: 2 });
  const taking = ["--backup-to", folder, "--backup-every", "1d"];
  const server = new ServerProcess([file, "--token", tokens.admin, ...taking]);
  const client = await server.client();
  await vi.waitFor(
    async () => {
      const { body } = await client.get("/readyz");
      expect(Object(body).checks).toContainEqual(
        expect.objectContaining({ name: "backup", status: "pass" }),
      );
    },
    { timeout: 60_000 },
  );
  expect((await server.exit("SIGTERM")).code, server.stderr).toBe(0);
  expect(readdirSync(folder)).toHaveLength(1);
  const doctor = await bucketlog(dirname(file), ["doctor", file, "--backup-to", "backups"]);
  expect(doctor.out).toContain("✓ backup: the newest is of ");
  const other = await bucketlog(dirname(file), ["doctor", file, "--backup-to", "elsewhere"]);
  expect(other.out).toContain("✗ backup: none was taken yet");
  expect(other.code).toBe(1);
});
