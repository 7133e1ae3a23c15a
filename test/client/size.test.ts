/** Goal: a page that takes the client takes little. Method: what esbuild makes of it, minified. */
import { build } from "esbuild";
import { expect, test } from "vitest";

const bytesMax = 60_000;

test("the client is small, and brings nothing along", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: ["src/client/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    metafile: true,
    write: false,
  });
  const [bundle] = outputFiles;
  expect(bundle?.text).toContain("/v1/buckets");
  expect(bundle?.contents.length).toBeLessThanOrEqual(bytesMax);
  expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
});
