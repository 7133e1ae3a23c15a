/** A worker for emmett-sqlite: appends the event that a patch becomes, as its documentation does. */
import { requirePeer } from "../peers.js";
import { bareBucketId, eventBodyOf } from "./bare-rows.js";
import { serveTasks } from "./tasks.js";

interface Emmett {
  getSQLiteEventStore(options: {
    readonly fileName: string;
    readonly schema: { readonly autoMigration: "CreateOrUpdate" };
  }): {
    appendToStream(
      stream: string,
      events: readonly { readonly type: string; readonly data: unknown }[],
    ): Promise<unknown>;
  };
}

const [fileName = ""] = process.argv.slice(2);
const { getSQLiteEventStore }: Emmett = requirePeer("@event-driven-io/emmett-sqlite");
const store = getSQLiteEventStore({ fileName, schema: { autoMigration: "CreateOrUpdate" } });
let turn = 0;

/** False when it was refused: now and then it finds its own statements in its way. */
async function append(stream: string, data: unknown): Promise<boolean> {
  try {
    await store.appendToStream(stream, [{ type: "bucket.patched", data }]);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("SQLITE_BUSY")) return false;
    throw error;
  }
}

serveTasks({
  append: async (ms) => {
    const started = performance.now();
    let [done, elapsed] = [0, 0];
    while (elapsed < ms) {
      turn += 1;
      const data = JSON.parse(eventBodyOf(turn));
      if (await append(bareBucketId(turn), data)) done += 1;
      elapsed = performance.now() - started;
    }
    return { perSecond: (done / elapsed) * 1_000 };
  },
  close: () => ({}),
});
