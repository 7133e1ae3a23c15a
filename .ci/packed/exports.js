// Everything that the package exports loads.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync("node_modules/bucketlog/package.json", "utf8"));
for (const path of Object.keys(manifest.exports)) {
  if (!path.endsWith(".json")) await import(`bucketlog${path.slice(1)}`);
}
console.log(Object.keys(manifest.exports).length);
