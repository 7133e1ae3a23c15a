/** The clock leaps: far ahead, back, and back behind the start. Order stays, and so do promises of time. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { z } from "zod";
import { type Ended, Journal } from "../journal.js";
import { judge } from "../judge.js";
import { Load } from "../load.js";
import { Control, preloaded } from "../native/disk.js";
import type { Part, Result, Setting } from "../part.js";
import { Address, Service, token } from "../service.js";

const dayMs = 86_400_000;
const leaps = [0, dayMs, 0, -dayMs, 400 * dayMs, 60_000, 0];
const stayMs = 400;
const lockMs = 3_000;
const keysMs = 30 * dayMs;
/** How long a key is known: what is tried again after a longer leap is done again. */
const keyIsKnownMs = 7 * dayMs;

const Lock = z.object({ is_locked: z.boolean() });

export const clock: Part = {
  name: "clock",
  title:
    "The clock leaps ahead and back: order stays, and locks and leases last as long as they say.",
  unit: "leaps",
  full: 70,
  smoke: 7,
  run,
};

async function run({
  dist,
  folder,
  random,
  count: wanted,
  disk: library,
  isOver,
  say,
}: Setting): Promise<Result> {
  if (library === undefined) {
    return { figures: {}, faults: [], skipped: "there is no C compiler, or this is not Linux" };
  }
  const root = join(folder, "disk");
  mkdirSync(root);
  const file = join(root, "buckets.db");
  using control = new Control(join(folder, "control"));
  using journal = new Journal(join(folder, "journal"));
  const environment = preloaded({ library, root, control: control.file });
  const service = await Service.start({ dist, file, environment });
  const address = new Address();
  address.set(service);
  const load = new Load({ name: "clock", address, journal, random, clients: 4 });
  await load.start();
  const faults: string[] = [];
  const farLeaps: bigint[] = [];
  let count = 0;
  let before = 0;
  for (; count < wanted && !isOver(); count += 1) {
    const leap = count;
    const ahead = leaps[leap % leaps.length] ?? 0;
    if (Math.abs(ahead - before) > keyIsKnownMs) farLeaps.push(process.hrtime.bigint());
    before = ahead;
    control.setClock(ahead);
    await wait(stayMs);
    faults.push(...(await checkLock(service.url, `${leap}`, () => Date.now() + ahead)));
    say(`${leap + 1} leaps, ${faults.length} wrong`);
  }
  control.setClock(0);
  await load.stop();
  await service.stop();
  const attempts = journal.all();
  const others = Array.from({ length: count }, (_, leap) =>
    ["made", "locked"].map((deed) => `req_${deed}-${leap}`),
  )
    .flat()
    .map(
      (id): Ended => ({ id, deed: "lock", about: id, begun: 0n, ended: 0n, outcome: "unknown" }),
    );
  const judged = await judge({ dist, file, attempts, others });
  const mayRepeat = attempts
    .filter(({ begun, ended }) => farLeaps.some((leap) => begun < leap && leap < ended))
    .map(({ id }) => `${id}: `);
  const wrong = judged.faults.filter((text) => !mayRepeat.some((id) => text.startsWith(id)));
  return {
    figures: {
      leaps: count,
      ...judged.figures,
      "tried across a leap that forgets keys": mayRepeat.length,
    },
    faults: [...faults, ...wrong, ...checkKeys(file)],
  };
}

/** Idempotency keys are kept for days, not for ever: after a leap of a year the old ones are gone. */
function checkKeys(file: string): string[] {
  const db = new Database(file, { readonly: true });
  const oldest = "SELECT max(recorded_at) - min(recorded_at) FROM idempotency";
  const spreadMs = Number(db.prepare(oldest).pluck().get());
  db.close();
  return spreadMs > keysMs ? [`idempotency keys of ${spreadMs / dayMs} days lie in the file`] : [];
}

/** A lock of some seconds holds at once, and is gone when the clock of now says so. */
async function checkLock(url: string, name: string, now: () => number): Promise<string[]> {
  const send = (path: string, id: string, body: object) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
        "X-Request-Id": id,
      },
      body: JSON.stringify(body),
    });
  const path = `/v1/buckets/locked-${name}`;
  const faults: string[] = [];
  const body = { bucket_name: `locked-${name}`, bucket_schema: { properties: {} } };
  const made = await send("/v1/buckets", `req_made-${name}`, body);
  if (!made.ok) return [`leap ${name}: a bucket is not made: ${await made.text()}`];
  const expires = new Date(now() + lockMs).toISOString();
  const locked = await send(`${path}/lock`, `req_locked-${name}`, { expires_at: expires });
  if (!locked.ok)
    return [`leap ${name}: a lock of ${lockMs} ms is refused: ${await locked.text()}`];
  const isLocked = async () => {
    const answer = await fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${token}` } });
    return Lock.parse(await answer.json()).is_locked;
  };
  if (!(await isLocked())) faults.push(`leap ${name}: a lock of ${lockMs} ms is void at once`);
  await wait(lockMs + 200);
  if (await isLocked()) faults.push(`leap ${name}: a lock of ${lockMs} ms lasts longer`);
  return faults;
}
