// Run on a build that knows the toy projection: what becomes of its rows, as one line of JSON.
import Database from "better-sqlite3";

const [build, file] = process.argv.slice(2);
const { openBuckets } = await import(`${build}/index.js`);

const store = await openBuckets({ file, clock: () => Date.parse("2026-10-01T00:00:00.000Z") });
const { buckets } = store.namespace();
await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
await buckets.patch("films", { description: "Films" });
const db = new Database(file);
const rows = () => db.prepare("SELECT created_at, actor FROM creations").all();
const made = rows();
const { ok } = await store.verify();
db.exec("UPDATE creations SET actor = 'nobody'");
const { fault } = await store.verify();
const { differences } = await store.rebuild();
const mended = rows();
db.close();
await store.close();
process.stdout.write(JSON.stringify({ made, ok, fault: fault?.problem, differences, mended }));
