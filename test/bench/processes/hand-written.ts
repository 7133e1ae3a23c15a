/**
 * What somebody writes in an hour who needs a PATCH and a history: a Koa app with an UPDATE and a
 * history row, durable, in one transaction for each request. No validation to speak of, no versions,
 * no proof, no feed.
 */
import { createServer, type IncomingMessage } from "node:http";
import Router from "@koa/router";
import Database from "better-sqlite3";
import Koa from "koa";
import { z } from "zod";
import { bucketCount, bucketOf } from "../workload.js";
import { sayReady } from "./ready.js";

const [token = "", file = ":memory:"] = process.argv.slice(2);
const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE buckets (name TEXT PRIMARY KEY, document TEXT NOT NULL);
  CREATE TABLE history (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL,
    patch TEXT NOT NULL, was TEXT NOT NULL
  );
  CREATE INDEX history_by_name ON history (name, id);`);

const insert = db.prepare("INSERT INTO buckets VALUES (?, ?)");
const select = db.prepare("SELECT document FROM buckets WHERE name = ?").pluck();
const update = db.prepare("UPDATE buckets SET document = ? WHERE name = ?");
const remember = db.prepare(
  "INSERT INTO history (name, at, actor, patch, was) VALUES (?, ?, 'admin', ?, ?)",
);
for (let index = 0; index < bucketCount; index += 1) {
  const bucket = bucketOf(index);
  insert.run(bucket.bucket_name, JSON.stringify(bucket));
}

const patch = db.transaction((name: string, text: string) => {
  const was = z.string().parse(select.get(name));
  const [document, changes] = [JSON.parse(was), JSON.parse(text)];
  const metadata = { ...document.metadata, ...changes.metadata };
  const next = { ...document, ...changes, metadata };
  update.run(JSON.stringify(next), name);
  remember.run(name, new Date().toISOString(), text, was);
  return next;
});

const router = new Router();
router.patch("/v1/buckets/:name", async (context) => {
  if (context.get("Authorization") !== `Bearer ${token}`) context.throw(401);
  const { name = "" } = context["params"];
  context.body = patch.immediate(name, await readText(context.req));
});
sayReady(createServer(new Koa().use(router.routes()).callback()));

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
