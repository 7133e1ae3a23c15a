/** `bucketlog demo`: two years of changes in a temporary file, served, and looked at over HTTP. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { type RunningServer, serveStore } from "../http/index.js";
import { type EmbeddedStore, openBuckets } from "../index.js";
import { packageFile } from "../package-folder.js";
import { linesOf, loadSeed } from "../service/seeds/load-seed.js";
import { SeedPast } from "../service/seeds/seed-past.js";
import { line } from "./line.js";
import type { Terminal } from "./terminal.js";

const story = fileURLToPath(packageFile("data/story.ndjson"));
const token = "demo-token-for-this-run-only";
const bucket = "product-videos";

export async function demo(
  terminal: Terminal,
  flags: { readonly once: boolean; readonly port: number },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "bucketlog-demo-"));
  try {
    const past = new SeedPast();
    const file = join(folder, "demo.db");
    await using store = await openBuckets({ file, clock: past.now, newId: past.newId });
    const lines = linesOf(await readFile(story, "utf8"));
    const { changes } = await loadSeed(store, lines, { name: "the story", past });
    store.tokens.accept(token);
    const { total_count: count } = await store.namespace().buckets.list();
    terminal.print(
      line`  ${terminal.styled("green", "✓")} ${count} buckets, ${changes} changes in a temporary database`,
    );
    const server = await listen(store, flags.port);
    terminal.print(line`  API ${server.url}/v1     token ${token}`);
    terminal.print(line`  Page ${server.url}/ui/default/buckets/${bucket}#token=${token}`);
    await walkThrough(terminal, server.url);
    if (!flags.once) {
      terminal.print(line`\n  Serving until Ctrl-C; the database deletes itself.`);
      await terminal.io.untilStopped();
    }
    await server.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** On the wanted port, or on a free one where that is taken. */
async function listen(store: EmbeddedStore<unknown>, port: number): Promise<RunningServer> {
  const options = { store, logger: pino({ level: "silent" }), host: "127.0.0.1" };
  try {
    return await serveStore({ ...options, port });
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!isTaken) throw error;
    return await serveStore({ ...options, port: 0 });
  }
}

/** The main job, each step a real request: change, who did it, how it was before, the proof. */
async function walkThrough(terminal: Terminal, url: string): Promise<void> {
  const path = `${url}/v1/buckets/${bucket}`;
  const before = await call(`${path}`);
  const version = Number(before.headers.get("x-version"));

  title(terminal, "Change a bucket, and say why");
  const patch = JSON.stringify({ description: "Launch films, Q4", metadata: { team: "growth" } });
  const reason = "the Q4 launch moved to growth";
  const command = [
    `  $ curl -X PATCH ${path} \\`,
    `      -H 'Authorization: Bearer ${token}' \\`,
    "      -H 'Content-Type: application/merge-patch+json' \\",
    `      -H 'X-Reason: ${reason}' -H 'If-Match: "${version}"' \\`,
    `      -d '${patch}'`,
  ];
  for (const one of command) terminal.print(line`${one}`);
  const patched = await call(path, {
    method: "PATCH",
    body: patch,
    headers: {
      "Content-Type": "application/merge-patch+json",
      "X-Reason": reason,
      "If-Match": `"${version}"`,
    },
  });
  show(terminal, patched, ["bucket_name", "description", "updated_at"]);

  title(terminal, "The history entry that it made");
  const entry = await get(terminal, `${path}/history/${version + 1}`);
  show(terminal, entry, ["version", "type", "recorded_at", "actor", "reason", "changes", "hash"]);

  title(terminal, "The bucket as it was before");
  show(terminal, await get(terminal, `${path}?as_of=${version}`), [
    "bucket_name",
    "description",
    "updated_at",
  ]);

  title(terminal, "Every event folded anew: the view is what the log says");
  const replay = await get(terminal, `${path}/replay`);
  terminal.print(line`  ${replay.text.trim().split("\n").at(-1) ?? ""}`);
}

interface Answer {
  readonly headers: Headers;
  readonly text: string;
}

async function get(terminal: Terminal, url: string): Promise<Answer> {
  terminal.print(line`  $ curl -H 'Authorization: Bearer ${token}' '${url}'`);
  return await call(url);
}

async function call(url: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { ...init.headers, Authorization: `Bearer ${token}` };
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return { headers: response.headers, text };
}

function title(terminal: Terminal, text: string): void {
  terminal.print(line`\n  ${terminal.styled("bold", text)}`);
}

/** The named fields of an answer; what is left out is marked. */
function show(terminal: Terminal, answer: Answer, names: readonly string[]): void {
  const body: Record<string, unknown> = JSON.parse(answer.text);
  const shown = Object.fromEntries(names.map((name) => [name, body[name]]));
  const more = Object.keys(body).length - names.length;
  const lines = JSON.stringify(shown, null, 2).split("\n");
  for (const one of lines) terminal.print(line`  ${one}`);
  if (more > 0) terminal.print(line`  ${terminal.styled("dim", `… and ${more} more fields`)}`);
}
