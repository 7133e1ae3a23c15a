/**
 * The web pages: the files that the build left in `dist/ui` and `dist/docs`, read once and kept. They
 * are served without a token, because they hold nothing but themselves; what they show they ask the
 * API for.
 */
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Middleware } from "koa";
import { BucketsError } from "../domain/errors.js";
import { packageFile } from "../package-folder.js";
import { isNotModified, readCondition } from "./conditional.js";
import type { HttpContext, RequestState } from "./route.js";

interface Site {
  /** Of its folder, and of its addresses. */
  readonly name: "ui" | "docs";
  /** Whether what is no file of it is one of its views. */
  readonly hasViews: boolean;
}

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  /** Absent for what is too short to gain by it. */
  readonly gzipped?: Buffer;
  /** Without quotes. */
  readonly tag: string;
  /** Named by its content, and so the same for ever. */
  readonly isFinal: boolean;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * Nothing from elsewhere, no script or style that is not a file of ours, and what it shows of others
 * is an image, a sound or a film at most.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "media-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const sites: readonly Site[] = [
  { name: "ui", hasViews: true },
  { name: "docs", hasViews: false },
];

/**
 * Serves the page under `/ui/`, every address of it with the same document, the documentation under
 * `/docs/`, and sends browsers that come to the root to the page. What is about neither is passed on.
 */
export function servePages(basePath: string): Middleware<RequestState> {
  const servers = sites.map((site) => serveSite(site, basePath));
  return async function servePages(context, next) {
    if (!["GET", "HEAD"].includes(context.method)) return await next();
    if (isBrowserAtRoot(context, basePath)) return redirect(context, `${basePath}/ui/`);
    if (!servers.some((serve) => serve(context))) await next();
  };
}

/** @returns what answers the requests for a site, and says of others that they are not. */
function serveSite(site: Site, basePath: string): (context: HttpContext) => boolean {
  const root = `${basePath}/${site.name}/`;
  let files: ReadonlyMap<string, PageFile> | undefined;
  return (context) => {
    if (`${context.path}/` === root) {
      redirect(context, root);
      return true;
    }
    if (!context.path.startsWith(root)) return false;
    context.state.route = `/${site.name}/`;
    files ??= readFiles(site, root);
    if (files.size === 0) {
      throw new BucketsError(
        "NOT_IMPLEMENTED",
        "The page is not built here: run npm run build, or use the API under /v1.",
      );
    }
    const name = context.path.slice(root.length);
    const file =
      files.get(name) ?? (site.hasViews || name === "" ? files.get(document) : undefined);
    if (file === undefined) return false;
    send(context, file);
    return true;
  };
}

const document = "index.html";

function redirect(context: HttpContext, root: string): void {
  context.state.route = root;
  context.redirect(root);
  context.body = "";
}

/** Who types the address of the server; programs accept anything, or JSON. */
function isBrowserAtRoot(context: HttpContext, basePath: string): boolean {
  const isRoot = context.path === `${basePath}/` || context.path === basePath;
  return isRoot && context.get("Accept").includes("text/html");
}

function send(context: HttpContext, file: PageFile): void {
  context.vary("Accept-Encoding");
  context.set({
    ETag: `"${file.tag}"`,
    "Content-Security-Policy": contentSecurityPolicy,
    "Cache-Control": file.isFinal ? "public, max-age=31536000, immutable" : "no-cache",
  });
  context.status = 200;
  if (isNotModified(readCondition(context), file.tag)) {
    context.status = 304;
    return;
  }
  const isGzipped = file.gzipped !== undefined && context.acceptsEncodings("gzip") === "gzip";
  if (isGzipped) context.set("Content-Encoding", "gzip");
  context.body = isGzipped ? file.gzipped : file.plain;
  context.type = file.type;
}

/** By their paths below the root; empty where the page was not built. */
function readFiles(site: Site, root: string): ReadonlyMap<string, PageFile> {
  const folder = packageFile(`dist/${site.name}/`);
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) =>
    name.replaceAll("\\", "/"),
  );
  return new Map(
    names
      .filter((name) => types[extname(name)] !== undefined)
      .map((name) => [name, readFile(folder, name, names, site, root)]),
  );
}

function readFile(
  folder: URL,
  name: string,
  names: readonly string[],
  { hasViews }: Site,
  root: string,
): PageFile {
  const bytes = readFileSync(fileURLToPath(new URL(name, folder)));
  const isDocument = name.endsWith(".html");
  // The document says where it is mounted, so that its addresses hold at any depth.
  const plain = isDocument
    ? Buffer.from(bytes.toString("utf8").replace('<base href="/ui/"', `<base href="${root}"`))
    : bytes;
  return {
    type: types[extname(name)] ?? "application/octet-stream",
    plain,
    ...(names.includes(`${name}.gz`) && {
      gzipped: readFileSync(fileURLToPath(new URL(`${name}.gz`, folder))),
    }),
    tag: hash("sha256", plain).slice(0, 32),
    // Of a page with views, every file is named by its content.
    isFinal: hasViews && !isDocument,
  };
}
