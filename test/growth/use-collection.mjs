// Run on a build that knows the toy kind: what is done with a collection, as one line of JSON.
const [build, file] = process.argv.slice(2);
const load = (path) => import(`${build}/${path}.js`);
const { SqliteEngine } = await load("engines/sqlite/engine");
const { SqliteView, SqliteReadView } = await load("engines/sqlite/view");
const { SqliteKeeper } = await load("engines/sqlite/keeper");
const { toHistoryEntry } = await load("domain/history-entry");

const engine = new SqliteEngine({
  file,
  readOnly: false,
  durability: "relaxed",
  clock: () => Date.parse("2026-10-01T00:00:00.000Z"),
  newId: (prefix) => `${prefix}_1`,
  projection: (db) => new SqliteView(db),
});

let count = 0;
async function commit(target, command) {
  count += 1;
  const salts = { salt: new Uint8Array(16), metaSalt: new Uint8Array(16) };
  const precondition = { isRequired: false };
  const targeted = { target, command, operation: 0, precondition, secrets: [], ...salts };
  const meta = { actor: "ann", request_id: "r" };
  const commands = [{ ...targeted, eventId: `evt_${count}` }];
  const [outcome] = await engine.commit([{ namespace: "default", commands, meta }]);
  if (outcome.kind === "refused") return { code: outcome.error.code };
  const [{ state, recorded }] = outcome.results;
  const hashes = { previousHash: "", hash: "" };
  const { changes, ...entry } = toHistoryEntry(recorded, hashes);
  return { version: state.version, changes, entry };
}

const id = "coll_01kaaaaaaaaaaaaaaaaaaaaaaa";
const create = { type: "create_collection", name: "films", token: "s3cret" };
const created = await commit({ kind: "new", id }, create);
const again = await commit({ kind: "new", id: `${id}b` }, create);
const known = await new SqliteReadView(engine.readerDb).state(id);
const deleted = await commit({ kind: "unowned", id }, { type: "delete_collection" });
const missing = await commit({ kind: "unowned", id }, { type: "delete_collection" });
const keeper = new SqliteKeeper(engine, file);
const { ok } = await keeper.verify(undefined, () => {});
const { differences } = await keeper.rebuild(() => {});
await engine.close();
process.stdout.write(
  JSON.stringify({ created, again, known: known.document, deleted, missing, ok, differences }),
);
