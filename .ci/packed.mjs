// Installs the packed package in an empty folder and uses it there in plain Node, as its user would:
// in every version that it supports, each from npm, and in one that is too old.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const supported = [22, 24, 26];
const tooOld = 20;
const token = "a-token-of-your-own";
const scripts = join(import.meta.dirname, "packed");
const folder = mkdtempSync(join(tmpdir(), "bucketlog-packed-"));

function assert(holds, message) {
  if (!holds) throw new Error(message);
}

/** An empty folder with a version of Node in it, whose commands run on that one. */
class Place {
  constructor(version) {
    this.folder = join(folder, `node-${version}`);
    mkdirSync(this.folder);
    writeFileSync(join(this.folder, "package.json"), '{"private": true, "type": "module"}');
    this.env = process.env;
    this.install(`node@${version}`);
    const bin = join(this.folder, "node_modules", ".bin");
    this.env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const found = this.run("node", "--version").trim();
    assert(found.startsWith(`v${version}.`), `node is ${found}, not ${version}`);
  }

  install(what) {
    this.run("npm", "install", "--loglevel=error", "--no-audit", "--no-fund", what);
  }

  path(...names) {
    return join(this.folder, ...names);
  }

  run(command, ...args) {
    const options = { cwd: this.folder, env: this.env, encoding: "utf8" };
    return execFileSync(command, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Runs one that may fail. */
  try(command, ...args) {
    return spawnSync(command, args, { cwd: this.folder, env: this.env, encoding: "utf8" });
  }

  /** Without npx, which takes longer to start than most commands to run. */
  bucketlog(...args) {
    return this.run(this.path("node_modules", ".bin", "bucketlog"), ...args);
  }

  /** Runs one of the scripts beside this file. */
  script(name, ...args) {
    cpSync(join(scripts, name), this.path(name));
    return this.run("node", name, ...args).trim();
  }

  async serve(file) {
    const bin = this.path("node_modules", ".bin", "bucketlog");
    const child = spawn(bin, ["serve", file, "--port", "0", "--token", token], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const line = await new Promise((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
      child.stdout.setEncoding("utf8").once("data", resolve);
    });
    const stop = () => {
      child.kill("SIGTERM");
      return ended;
    };
    return { url: line.trim().replace("bucketlog ready ", ""), stop };
  }
}

const checks = {
  "npx bucketlog demo --once shows the main job": (place) => {
    const output = place.run("npx", "bucketlog", "demo", "--once", "--port", "0");
    assert(output.includes('"matches_view":true'), output);
  },
  "npx bucketlog serve answers, and ends on SIGTERM with 0": async (place) => {
    const server = await place.serve("packed.db");
    const answer = await fetch(`${server.url}/v1/buckets`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: '{"bucket_name": "packed", "bucket_schema": {"properties": {}}}',
    });
    assert(answer.status === 200, `status ${answer.status}`);
    const replay = await fetch(`${server.url}/v1/admin/replay`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    assert((await replay.text()).includes('"matches_view":true'), "the replay differs");
    const page = await (await fetch(`${server.url}/ui/`)).text();
    for (const [, asset] of page.matchAll(/(?:src|href)="(assets[^"]+)"/g)) {
      const { headers } = await fetch(`${server.url}/ui/${asset}`);
      assert(headers.get("Cache-Control")?.includes("immutable"), `${asset} is not there`);
    }
    const code = await server.stop();
    assert(code === 0, `exit code ${code}`);
  },
  "a thousand events are written, verified, rebuilt and replayed": (place) => {
    assert(place.script("fill.js") === "version 500", "another version 500");
    for (const command of ["verify", "rebuild", "verify", "doctor"]) {
      place.bucketlog(command, "thousand.db");
    }
    const verified = JSON.parse(place.bucketlog("verify", "thousand.db", "--json"));
    assert(verified.ok && verified.events === 1_000, JSON.stringify(verified));
    const replay = ["replay", "packed", "--file", "thousand.db", "--json"];
    const replayed = place.bucketlog(...replay);
    assert(replayed.includes('"matches_view":true'), replayed.slice(-200));
  },
  "the library works in worker threads": (place) => {
    assert(place.script("worker.js") === "three workers", "a worker ended badly");
  },
  "the README example of the library runs": (place) => {
    const [, example = ""] =
      /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8")) ?? [];
    writeFileSync(place.path("example.js"), example);
    assert(place.run("node", "example.js").includes("Q4 2"), "another output");
  },
  "the client runs without engine and server libraries": async (place) => {
    const server = await place.serve("packed.db");
    try {
      const alone = place.path("alone");
      for (const name of ["bucketlog", "zod", "fast-json-patch", "re2js"]) {
        const path = join("node_modules", name);
        cpSync(place.path(path), join(alone, path), { recursive: true });
      }
      writeFileSync(join(alone, "package.json"), '{"type": "module"}');
      cpSync(join(scripts, "client.js"), join(alone, "client.js"));
      const output = place.run("node", join("alone", "client.js"), server.url, token);
      assert(output === "2 bucket.patched true\n", output);
    } finally {
      await server.stop();
    }
  },
  "every export loads": (place) => {
    assert(Number(place.script("exports.js")) > 1, "there are none");
  },
  "a native binding that is missing is told as that": (place) => {
    const binaries = place.path("node_modules", "better-sqlite3", "prebuilds");
    renameSync(binaries, `${binaries}.away`);
    try {
      const { status, stderr } = place.try("npx", "bucketlog", "verify", "packed.db");
      assert(status === 1 && stderr.startsWith("error [RUNTIME_UNSUPPORTED]"), stderr);
    } finally {
      renameSync(`${binaries}.away`, binaries);
    }
  },
};

let passed = 0;
let failed = 0;

async function check(name, act) {
  try {
    const result = await act();
    passed += 1;
    process.stdout.write(`ok    packed: ${name}\n`);
    return result;
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAIL  packed: ${name}\n      ${error.message}\n`);
    return undefined;
  }
}

const tarball = await check("npm pack", () => {
  const options = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  // `npm test` has built it.
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  return join(folder, execFileSync("npm", args, options).trim().split("\n").at(-1));
});

for (const version of tarball === undefined ? [] : supported) {
  const place = await check(`Node ${version}: installs, and compiles nothing`, () => {
    const made = new Place(version);
    made.install(tarball);
    assert(!existsSync(made.path("node_modules", "better-sqlite3", "build")), "it was compiled");
    return made;
  });
  if (place === undefined) continue;
  for (const [name, act] of Object.entries(checks)) {
    await check(`Node ${version}: ${name}`, () => act(place));
  }
}

if (tarball !== undefined) {
  await check(`Node ${tooOld}: is told in one line that it is too old, by both`, () => {
    const place = new Place(tooOld);
    place.install(tarball);
    for (const args of [["verify", "packed.db"], ["demo", "--once"], ["--version"]]) {
      const { status, stderr } = place.try("npx", "bucketlog", ...args);
      const isOneLine = /^error \[RUNTIME_UNSUPPORTED\]: .*npm install node@24.*\n$/.test(stderr);
      assert(status === 1 && isOneLine, `exit ${status}: ${stderr}`);
    }
    const { status, stderr } = place.try(
      "node",
      "--eval",
      'import("bucketlog").then(({ openBuckets }) => openBuckets({ file: ":memory:" }))',
    );
    assert(status === 1 && stderr.includes("npm install node@24"), `exit ${status}: ${stderr}`);
  });
}

mkdirSync("coverage", { recursive: true });
const report = { numPassedTests: passed, numFailedTests: failed };
writeFileSync("coverage/packed.json", JSON.stringify(report));
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
