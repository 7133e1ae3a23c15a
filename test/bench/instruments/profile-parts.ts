/**
 * The names of the parts of a request, by file and function. What no line names counts under its
 * folder, so that a file that was moved is still seen, only less well named.
 */

interface Part {
  readonly name: string;
  /** Of the file within the build, the package or Node. */
  readonly file: RegExp;
  readonly functions?: RegExp;
}

const parts: readonly Part[] = [
  { name: "COMMIT", file: /^eventstore\/sqlite\/engine/, functions: /transact|commit/i },
  {
    name: "INSERT of the event",
    file: /^eventstore\/sqlite\/log-sql/,
    functions: /append|insert/i,
  },
  { name: "event JSON, frame and hashes", file: /^eventstore\/(codec|frame)|crypto\/hash/ },
  { name: "planner and queue", file: /^eventstore\/(planner|gather|commit-queue|committer)/ },
  { name: "blame", file: /blame/ },
  { name: "blame", file: /^projections\//, functions: /blame/i },
  { name: "statistics", file: /stat(s|istics)(-table)?\.js$/ },
  { name: "rows of the view", file: /^(projections|eventstore\/sqlite)\// },
  { name: "size of the document", file: /^domain\/json\.js/, functions: /bytes|depth|size/i },
  { name: "diff", file: /^domain\/(changes|pointer)/ },
  { name: "merge patch", file: /^domain\/(merge-patch|json-patch)/ },
  { name: "strict JSON of the body", file: /^domain\/json-text/ },
  { name: "rendering", file: /^domain\/.*response/ },
  { name: "decide and evolve", file: /^domain\/.*(decide|state|document|kind)\.js$/ },
  { name: "reading the body", file: /^http\/body|internal\/streams\/(readable|end-of-stream)/ },
  { name: "answer", file: /^http\/(write|links|headers|conditional|preferences)/ },
  { name: "middlewares", file: /^http\/app|^koa-compose\// },
  { name: "token and permission", file: /^http\/access|^service\/tokens/ },
  { name: "ids", file: /^ulid\/|random/ },
  { name: "zod", file: /^zod\// },
  { name: "router", file: /^@koa\/router\/|^path-to-regexp\// },
  { name: "Koa, headers", file: /^(koa|delegates|vary|statuses|mime-types|content-disposition)\// },
  { name: "Koa, headers", file: /_http_outgoing/, functions: /header|vary/i },
  { name: "sockets and node:http", file: /^node:(_http|net|internal\/(stream|http|timers))/ },
  { name: "promises and ticks", file: /task_queues|async_hooks|async_local|promises/ },
];

/** V8's own names of what is no function. */
const pseudo: Readonly<Record<string, string>> = {
  "(idle)": "idle",
  "(garbage collector)": "garbage collection",
  "(program)": "native code outside of JavaScript",
  writeUtf8String: "sockets and node:http",
  writev: "sockets and node:http",
  runMicrotasks: "promises and ticks",
};

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

/** The part of a function; undefined for one that counts to its caller's. */
export function partOf({ functionName, url }: Frame): string | undefined {
  const named = pseudo[functionName];
  if (url === "" || named !== undefined) return named;
  const file = fileOf(url);
  const found = parts.find(
    (part) => part.file.test(file) && (part.functions?.test(functionName) ?? true),
  );
  if (found !== undefined) return found.name;
  return file.startsWith("node:") ? undefined : `else in ${file.split("/")[0]}`;
}

/** `http/app.js` of the build, `koa/lib/response.js` of a package, `node:net` of Node. */
function fileOf(url: string): string {
  const ofPackage = /.*\/node_modules\/(.+)$/.exec(url)?.[1];
  return ofPackage ?? /.*\/dist\/(.+)$/.exec(url)?.[1] ?? url;
}
