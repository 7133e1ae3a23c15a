/** Unit: src/http/failed-logins.ts, alone and behind a server. */
import { describe, expect, test } from "vitest";
import { failedLogins } from "../../src/http/failed-logins.js";
import { serveTest } from "../support/server.js";

/** What was logged: when, of whom, and how often. */
function watch() {
  let now = 0;
  const lines: unknown[] = [];
  const logger = { warn: (told: unknown) => lines.push([now, told]) };
  const logins = failedLogins(logger, () => now);
  const at = (seconds: number, address: string) => {
    now = seconds * 1_000;
    logins.note(address);
  };
  const line = (seconds: number, address: string, failures: number) => [
    seconds * 1_000,
    { address, failures },
  ];
  return { lines, at, line };
}

describe("failed logins", () => {
  test("are told of at once, and then once a minute with how many there were", () => {
    const { lines, at, line } = watch();
    for (const seconds of [0, 1, 59, 60, 61, 119, 120]) at(seconds, "192.0.2.1");
    expect(lines).toEqual([
      line(0, "192.0.2.1", 1),
      line(60, "192.0.2.1", 3),
      line(120, "192.0.2.1", 3),
    ]);
  });

  test("of one address keep those of another from no line", () => {
    const { lines, at, line } = watch();
    at(0, "192.0.2.1");
    at(1, "192.0.2.1");
    at(2, "192.0.2.2");
    // What is left of one is told of with the next of anybody.
    at(62, "192.0.2.2");
    expect(lines).toEqual([
      line(0, "192.0.2.1", 1),
      line(2, "192.0.2.2", 1),
      line(62, "192.0.2.1", 1),
      line(62, "192.0.2.2", 1),
    ]);
  });

  test("of ever more addresses do not fill the log", () => {
    const { lines, at } = watch();
    for (let index = 0; index < 1_500; index += 1) at(0, `2001:db8::${index.toString(16)}`);
    expect(lines).toHaveLength(1_000);
    at(60, "192.0.2.1");
    expect(lines).toHaveLength(1_001);
  });
});

describe("a server", () => {
  const guess = "guessed-token-0123456789";

  test("counts them, and logs the address that the trusted proxy tells, never what was tried", async () => {
    let now = 0;
    const service = await serveTest({ trustedProxies: ["127.0.0.1"], rateClock: () => now });
    const count = async (why: string) => {
      const { text } = await service.get("/metrics");
      const name = `bucketlog_authentication_failures_total{why="${why}"}`;
      return text
        .split("\n")
        .find((line) => line.startsWith(name))
        ?.slice(name.length + 1);
    };
    expect([await count("missing"), await count("refused")]).toEqual(["0", "0"]);
    const send = (headers: Readonly<Record<string, string>>) =>
      service.get("/v1/events/head", { token: "none", headers });
    const from = { "X-Forwarded-For": "192.0.2.7" };
    for (const headers of [{}, { Authorization: "Basic YTpi" }]) {
      expect((await send({ ...from, ...headers })).status).toBe(401);
    }
    const told = () =>
      service.lines
        .map((line) => JSON.parse(line))
        .filter(({ address }) => address !== undefined)
        .map(({ level, address, failures }) => ({ level, address, failures }));
    expect(told()).toEqual([]);
    const refused = { ...from, Authorization: `Bearer ${guess}` };
    for (const seconds of [0, 1, 2, 61]) {
      now = seconds * 1_000;
      expect((await send(refused)).status).toBe(401);
    }
    expect((await service.get("/v1/events/head")).status).toBe(200);
    expect([await count("missing"), await count("refused")]).toEqual(["2", "4"]);
    expect(told()).toEqual([
      { level: 40, address: "192.0.2.7", failures: 1 },
      { level: 40, address: "192.0.2.7", failures: 3 },
    ]);
    expect(service.lines.join("")).not.toContain(guess);
  });
});
