/** What arrived is looked at in slices, so that nobody waits for all of it. */
import { expect, test } from "vitest";
import { memoryReceivedTable } from "../../src/engines/memory/received-table.js";
import { receivedRows } from "../../src/eventstore/received-rows.js";
import { sqliteBackend } from "../support/backends.js";

test.each([
  ["memory", memoryReceivedTable],
  ["SQLite", () => sqliteBackend().events.received],
])("in %s each comes once, and others have their turns between", async (_, open) => {
  const table = open();
  const ids = Array.from({ length: 600 }, (__, at) => `upl_${String(at).padStart(4, "0")}`);
  for (const uploadId of ids.toReversed()) {
    await table.put({ uploadId, hash: uploadId, sizeBytes: 1, expiresAt: 1 });
  }
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const found: string[] = [];
  const turnsAtSlices: number[] = [];
  for await (const rows of receivedRows(table)) {
    found.push(...rows.map(({ uploadId }) => uploadId));
    turnsAtSlices.push(turns);
  }
  isOver = true;
  expect(found).toEqual(ids);
  expect(new Set(turnsAtSlices).size).toBe(3);
});
