/**
 * Goal: a question with a name that there is not is refused, by the library and by the client alike:
 * passed over, it would be another question, and its answer look like that to the first.
 */
import { expect, test } from "vitest";
import type { Namespace } from "../../src/api/index.js";
import { type BucketStore, connectBuckets } from "../../src/index.js";
import { serveTest, tokens } from "../support/server.js";

type Ask = (space: Namespace<object, unknown>, store: BucketStore<unknown>) => Promise<unknown>;

const misspelt: object = { asof: "1" };
const range: object = { frm: "1" };

const questions: readonly (readonly [name: string, says: string, ask: Ask])[] = [
  ["a bucket", 'mean "asOf"', ({ buckets }) => buckets.get("films", misspelt)],
  ["buckets", 'mean "filters"', ({ buckets }) => buckets.list({ ...named("filterz") })],
  ["a history", 'mean "actor"', ({ buckets }) => buckets.history("films", named("actr"))],
  ["a difference", 'mean "from"', ({ buckets }) => buckets.diff("films", range)],
  ["blame", 'mean "asOf"', ({ buckets }) => buckets.blame("films", misspelt)],
  ["a replay", 'mean "from"', ({ buckets }) => all(buckets.replay("films", range))],
  ["an object", 'mean "asOf"', (space) => space.objects("films").get("obj_1", misspelt)],
  ["objects", 'mean "select"', (space) => space.objects("films").list(named("selekt"))],
  ["a batch", 'mean "asOf"', (space) => space.batches("films").get("bat_1", misspelt)],
  ["batches", 'mean "limit"', (space) => space.batches("films").list(named("limt"))],
  ["an upload", 'mean "asOf"', (space) => space.uploads("films").get("upl_1", misspelt)],
  ["uploads", 'mean "limit"', (space) => space.uploads("films").list(named("limt"))],
  ["a sync", 'mean "asOf"', (space) => space.syncs("films").get("sync_1", misspelt)],
  ["syncs", 'mean "limit"', (space) => space.syncs("films").list(named("limt"))],
  ["a task", 'mean "asOf"', ({ tasks }) => tasks.get("task_1", misspelt)],
  ["tasks", 'mean "limit"', ({ tasks }) => tasks.list(named("limt"))],
  ["the audit log", 'mean "action"', ({ audit }) => audit.list(named("acton"))],
  ["a namespace", 'mean "asOf"', (_, { namespaces }) => namespaces.get("default", misspelt)],
  ["tokens", 'mean "asOf"', (_, { tokens: all }) => all.list(misspelt)],
  ["namespaces", 'mean "limit"', (_, { namespaces }) => namespaces.list(named("limt"))],
];

test("a name that a question does not have is a 400 that says what was meant", async () => {
  const { store, url } = await serveTest();
  await store
    .namespace()
    .buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  const remote = connectBuckets<unknown>({ baseUrl: url, token: tokens.admin });
  for (const asked of [store, remote]) {
    for (const [name, says, ask] of questions) {
      const refusal = await ask(asked.namespace(), asked).then(
        () => "answered",
        (error: unknown) => error,
      );
      expect(refusal, name).toMatchObject({
        code: "BAD_REQUEST",
        message: expect.stringContaining(says),
      });
    }
  }
});

function named(name: string): object {
  return { [name]: "1" };
}

async function all(lines: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of lines);
}
