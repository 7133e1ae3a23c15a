import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { LogLines } from "../../src/cli/log-lines.js";
import { nextTurn } from "../../src/timers.js";

/** What was written, in the pieces in which it came. */
class Pieces extends Writable {
  readonly all: string[] = [];

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.all.push(String(chunk));
    done();
  }
}

const told = '{"level":30,"msg":"PATCH /v1/buckets/a"}\n';
const failed = '{"level":50,"msg":"the disk is full"}\n';

test("an error is written at once, and what came before it first", () => {
  const out = new Pieces();
  const lines = new LogLines(out);
  lines.write(told);
  lines.write(failed);
  expect(out.all).toEqual([told + failed]);
});

test("the lines of one turn are written together, and those of the next apart from them", async () => {
  const out = new Pieces();
  const lines = new LogLines(out);
  lines.write(told);
  lines.write(told);
  expect(out.all).toEqual([]);
  await nextTurn();
  lines.write(told);
  await nextTurn();
  expect(out.all).toEqual([told + told, told]);
});

test("what waits at the end is written, and nothing after it", async () => {
  const out = new Pieces();
  {
    using lines = new LogLines(out);
    lines.write(told);
  }
  await nextTurn();
  expect(out.all).toEqual([told]);
});
