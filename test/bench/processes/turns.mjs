/**
 * Loaded into a server beside what it runs: the longest that its first thread worked at a stretch, as
 * CPU time, which other programs on the machine do not lengthen. It is written to a file whenever it
 * grows; an empty file begins anew.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = new URL(import.meta.url).searchParams.get("to");
let last = process.threadCpuUsage();

function look() {
  const { user, system } = process.threadCpuUsage(last);
  last = process.threadCpuUsage();
  const milliseconds = (user + system) / 1_000;
  const longest = statSync(file).size === 0 ? 0 : Number(readFileSync(file, "utf8"));
  if (milliseconds > longest) writeFileSync(file, String(milliseconds));
}

if (isMainThread && file !== null) setInterval(look, 1).unref();
