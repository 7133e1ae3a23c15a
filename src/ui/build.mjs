// Bundles the page into dist/ui: scripts and styles named by their content, each also gzipped, and
// the document that loads them. Fails when the first view has grown beyond what it may weigh. Beside
// it, in dist/docs, the documentation of the API: Swagger UI, because it is the one that people know,
// whole in two files (1.9 MB, 0.55 MB gzipped; others measured have 3.5 MB and more).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const source = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../../dist/ui/", import.meta.url));
const assets = join(target, "assets");
const firstViewBytesMax = 150_000;
const entryNames = ["no-eval.ts", "main.tsx"];

/** zod brings its messages in fifty languages; the page shows those of the server. */
const oneLanguage = {
  name: "one-language",
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/** What the document names, by the name that it has there, and all that is loaded through it. */
function firstView({ outputs }) {
  const named = new Map();
  const scripts = new Set();
  const visit = (file) => {
    if (scripts.has(file)) return;
    scripts.add(file);
    for (const { path, kind } of outputs[file].imports) {
      if (kind === "import-statement") visit(path);
    }
  };
  for (const [file, { entryPoint, cssBundle }] of Object.entries(outputs)) {
    const name = entryNames.find((entry) => entryPoint?.endsWith(`/${entry}`));
    if (name === undefined) continue;
    visit(file);
    named.set(name.replace(/\.tsx?$/, ".js"), basename(file));
    if (cssBundle !== undefined) named.set("main.css", basename(cssBundle));
  }
  return { named, scripts: [...scripts].map((file) => basename(file)) };
}

function writeDocs() {
  const docs = fileURLToPath(new URL("../../dist/docs/", import.meta.url));
  const parts = ["swagger-ui.css", "swagger-ui-bundle.js"].map((name) =>
    fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)),
  );
  const own = ["docs.css", "docs.js"].map((name) => join(source, "docs", name));
  rmSync(docs, { recursive: true, force: true });
  mkdirSync(join(docs, "assets"), { recursive: true });
  for (const file of [...parts, ...own]) {
    const contents = readFileSync(file, "utf8").replace(/\n\/[/*]# sourceMappingURL=.*$/s, "");
    write(join(docs, "assets", basename(file)), contents);
  }
  const html = readFileSync(join(source, "docs", "index.html"), "utf8");
  writeFileSync(
    join(docs, "index.html"),
    html.replace("../ui/assets/icon.svg", `../ui/assets/${iconName}`),
  );
}

function write(file, contents) {
  writeFileSync(file, contents);
  const packed = gzipSync(contents, { level: 9 });
  writeFileSync(`${file}.gz`, packed);
  return packed.length;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const { outputFiles, metafile } = await build({
  entryPoints: entryNames.map((name) => join(source, name)),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  outdir: assets,
  bundle: true,
  splitting: true,
  minify: true,
  write: false,
  metafile: true,
  format: "esm",
  target: ["es2023", "chrome120", "firefox121", "safari17.2"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  plugins: [oneLanguage],
});

const sizes = new Map(
  outputFiles.map(({ path, contents }) => [basename(path), write(path, contents)]),
);
const icon = readFileSync(join(source, "icon.svg"));
const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
write(join(assets, iconName), icon);

const { named, scripts } = firstView(metafile);
named.set("icon.svg", iconName);
const preloads = scripts
  .filter((file) => ![...named.values()].includes(file))
  .map((file) => `<link rel="modulepreload" href="assets/${file}" />\n    `);
const html = readFileSync(join(source, "index.html"), "utf8")
  .replace(/assets\/([\w.-]+)/g, (_, name) => `assets/${named.get(name)}`)
  .replace("<script", `${preloads.join("")}<script`);
writeFileSync(join(target, "index.html"), html);

writeDocs();

const firstViewBytes = scripts.reduce((sum, file) => sum + sizes.get(file), 0);
const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
process.stdout.write(
  `page: first view ${firstViewBytes} bytes of script gzipped, ${total} with what is loaded later\n`,
);
if (firstViewBytes > firstViewBytesMax) {
  throw new Error(`The first view has ${firstViewBytes} bytes; it may have ${firstViewBytesMax}.`);
}
