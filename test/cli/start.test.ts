/** What a command loads before it does anything: asking for help waits for nothing that it does not need. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Has Node print what it loads, one address a line, to standard error. */
const telling = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      process.stderr.write(url + String.fromCharCode(10));
      return next(url, context);
    },
  });
`)}`;

test("help needs neither schemas nor a store", () => {
  const { stderr, status } = spawnSync(process.execPath, ["--import", telling, main, "--help"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const loaded = stderr.trim().split("\n");
  expect(loaded.some((url) => url.endsWith("/dist/cli/program.js"))).toBe(true);
  const dear = ["/zod/", "/koa/", "/better-sqlite3/", "/pino/", "/dist/service/", "/dist/engines/"];
  expect(loaded.filter((url) => dear.some((part) => url.includes(part)))).toEqual([]);
});
