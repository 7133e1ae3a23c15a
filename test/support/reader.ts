/** A process of its own that opens a file for reading, and prints one line of JSON about it. */
import { isBucketsError } from "../../src/domain/errors.js";
import { openBuckets } from "../../src/index.js";

const [, , file = ""] = process.argv;
const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  await using store = await openBuckets({ file, readOnly: true });
  const { total } = (await store.namespace().buckets.list()).pagination;
  const { ok } = await store.verify();
  answer({ position: (await store.head()).position, total, ok });
} catch (error) {
  if (!isBucketsError(error)) throw error;
  answer({ code: error.code, message: error.message });
}
