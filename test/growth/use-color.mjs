// Run on a build whose buckets have a colour: what is done with it, as one line of JSON.
const [build, file] = process.argv.slice(2);
const { openBuckets } = await import(`${build}/index.js`);
const store = await openBuckets({ file });
const { buckets } = store.namespace("default");
const schema = { properties: {} };
await buckets.create({ bucket_name: "plain", bucket_schema: schema });
await buckets.create({ bucket_name: "bright", bucket_schema: schema, color: "red" });
const refused = await buckets.patch("bright", { color: 7 }).catch((error) => error.code);
const stray = await buckets
  .patch("bright", { colour: "red" }, { strict: true })
  .catch((error) => error.details.validation_errors[0].message);
await buckets.patch("bright", { color: "blue" });
const { results } = await buckets.list({ filters: { color: "blue" } });
const { changes } = await buckets.entry("bright", 2);
await store.close();
process.stdout.write(
  JSON.stringify({ refused, stray, found: results.map(({ color }) => color), changes }),
);
