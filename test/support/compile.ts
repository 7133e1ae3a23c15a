/** Compiles small projects that have the built package installed, and nothing that it does not name. */
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "./backends.js";

const root = join(import.meta.dirname, "../..");
const Names = z.record(z.string(), z.string());
const Manifest = z.object({ dependencies: Names, peerDependencies: Names });

interface Project {
  /** What the project itself is written in, each a module. */
  readonly source: string | readonly string[];
  /** As in its tsconfig. */
  readonly lib: readonly string[];
  readonly types: readonly string[];
  /** Whether it has what the package names for whoever wants its types. */
  readonly hasPeers?: boolean;
  /** As programs that run as they are, which is what is meant unless said otherwise, or for a bundler. */
  readonly isBundled?: boolean;
}

/** What a strict compiler that also checks declarations has to say; nothing when it is content. */
export async function compile({ source, hasPeers, ...project }: Project): Promise<string[]> {
  const { lib, types, isBundled = false } = project;
  const folder = temporaryFolder();
  const modules = join(folder, "node_modules");
  const { dependencies, peerDependencies } = Manifest.parse(manifest);
  const installed = hasPeers ? { ...dependencies, ...peerDependencies } : dependencies;
  await cp(join(root, "dist"), join(modules, "bucketlog/dist"), { recursive: true });
  await cp(join(root, "package.json"), join(modules, "bucketlog/package.json"));
  for (const name of new Set([...Object.keys(installed), ...types.map(typesOf)])) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  const sources = typeof source === "string" ? [source] : source;
  const files = sources.map((_, index) => join(folder, `main-${index}.ts`));
  for (const [index, text] of sources.entries()) await writeFile(files[index] ?? "", text);
  const resolving = isBundled ? { module: "esnext", moduleResolution: "bundler" } : {};
  const typeRoots = [join(modules, "@types")];
  return diagnose(files, folder, { ...resolving, lib, types, typeRoots });
}

function typesOf(name: string): string {
  return `@types/${name}`;
}

function diagnose(files: string[], folder: string, options: Readonly<Record<string, unknown>>) {
  const strict = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    module: "nodenext",
    target: "es2022",
  };
  const converted = ts.convertCompilerOptionsFromJson({ ...strict, ...options }, folder);
  const program = ts.createProgram(files, converted.options);
  return [...converted.errors, ...ts.getPreEmitDiagnostics(program)].map((found) => {
    const place = found.file?.fileName ?? "";
    return `${place}: ${ts.flattenDiagnosticMessageText(found.messageText, "\n")}`;
  });
}
