// Installs the packed package in an empty folder and uses it there in plain Node, as its user would:
// the demo, the server by npx, the library by its README example, both exports.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "bucketlog-packed-"));
const app = join(folder, "app");
mkdirSync(app);

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

function assert(holds, message) {
  if (!holds) throw new Error(message);
}

const token = "a-token-of-your-own";

async function serve(file) {
  const bin = join(app, "node_modules", ".bin", "bucketlog");
  const child = spawn(bin, ["serve", file, "--port", "0", "--token", token], {
    cwd: app,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const line = await new Promise((resolve) => {
    child.stdout.setEncoding("utf8").once("data", resolve);
  });
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  return { url: line.trim().replace("bucketlog ready ", ""), stop };
}

const clientScript = `
import { connectBuckets } from "bucketlog/client";
const [baseUrl, token] = process.argv.slice(2);
const store = connectBuckets({ baseUrl, token });
const { buckets } = store.namespace();
const { version } = await buckets.patch("packed", { description: "by the client" });
for await (const { type } of store.events({ after: 1 })) {
  console.log(version, type, (await store.verify()).ok);
  break;
}
`;

const checks = {
  "the package installs in an empty folder": () => {
    const packed = run("npm", ["pack", "--silent", "--pack-destination", folder], process.cwd());
    const tarball = join(folder, packed.trim().split("\n").at(-1));
    writeFileSync(join(app, "package.json"), '{"private": true, "type": "module"}');
    run("npm", ["install", "--silent", "--no-audit", "--no-fund", tarball], app);
  },
  "npx bucketlog demo --once shows the main job": () => {
    const output = run("npx", ["bucketlog", "demo", "--once", "--port", "0"], app);
    assert(output.includes('"matches_view":true'), output);
  },
  "npx bucketlog serve answers, and ends on SIGTERM with 0": async () => {
    const server = await serve("packed.db");
    const answer = await fetch(`${server.url}/v1/buckets`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: '{"bucket_name": "packed", "bucket_schema": {"properties": {}}}',
    });
    assert(answer.status === 200, `status ${answer.status}`);
    const code = await server.stop();
    assert(code === 0, `exit code ${code}`);
  },
  "npx bucketlog verify proves the file": () => {
    assert(run("npx", ["bucketlog", "verify", "packed.db"], app).startsWith("ok:"), "not ok");
  },
  "the README example of the library runs": () => {
    const [, example = ""] =
      /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8")) ?? [];
    writeFileSync(join(app, "example.js"), example);
    assert(run("node", ["example.js"], app).includes("Q4 2"), "another output");
  },
  "the client runs without engine and server libraries": async () => {
    const server = await serve("packed.db");
    try {
      const alone = join(folder, "alone");
      const needed = ["bucketlog", "zod", "fast-json-patch", "re2js"];
      for (const name of needed) {
        const path = join("node_modules", name);
        cpSync(join(app, path), join(alone, path), { recursive: true });
      }
      writeFileSync(join(alone, "client.mjs"), clientScript);
      const output = run("node", ["client.mjs", server.url, token], alone);
      assert(output === "2 bucket.patched true\n", output);
    } finally {
      await server.stop();
    }
  },
  "both exports load": () => {
    const script =
      'const a = await import("bucketlog"); const b = await import("bucketlog/http");' +
      'if (typeof a.openBuckets !== "function" || typeof b.createApp !== "function") process.exit(1);';
    run("node", ["--input-type=module", "-e", script], app);
  },
};

let passed = 0;
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    passed += 1;
    process.stdout.write(`ok    packed: ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAIL  packed: ${name}\n      ${error.message}\n`);
  }
}
mkdirSync("coverage", { recursive: true });
writeFileSync("coverage/packed.json", JSON.stringify({ passed, failed }));
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
