/** Whose request it is behind proxies: what a header says counts only when a trusted proxy wrote it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressesBehind, parseRange } from "../../src/http/client-address.js";
import { expectRefusal, makeBucket, serveTest } from "../support/server.js";

const proxies = ["10.0.0.0/8", "2001:db8::/32"];

/** What is told of a request from `peer` with these headers. */
function told(peer: string, headers: Record<string, string>, trusted = proxies): string {
  return addressesBehind(trusted)({ peer, get: (name) => headers[name] ?? "" });
}

test.for([
  "",
  "proxy",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "10.1/8",
  "::/129",
  "fe80::1%a",
])("%j is no range", (range) => {
  expect(() => parseRange(range)).toThrow("is no range of addresses");
  expect(() => addressesBehind([range])).toThrow("is no range of addresses");
});

describe("X-Forwarded-For", () => {
  test("of anybody who is no trusted proxy is not read", () => {
    for (const headers of [{ "X-Forwarded-For": "1.1.1.1" }, { Forwarded: "for=1.1.1.1" }]) {
      expect(told("192.0.2.1", headers)).toBe("192.0.2.1");
      expect(told("10.0.0.1", headers, [])).toBe("10.0.0.1");
      expect(told("::ffff:192.0.2.1", headers)).toBe("192.0.2.1");
    }
  });

  test.for([
    ["192.0.2.1", "192.0.2.1"],
    ["1.1.1.1, 192.0.2.1", "192.0.2.1"],
    ["1.1.1.1, 192.0.2.1, 10.9.9.9", "192.0.2.1"],
    ["10.1.1.1, 10.2.2.2", "10.1.1.1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["[2001:DB9:0::1]:4711", "2001:db9::1"],
    ["192.0.2.1, 2001:db8::7", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["1.1.1.1, unknown, 10.2.2.2", "10.2.2.2"],
    ["1.1.1.1, <script>", "10.0.0.1"],
    [" , ,", "10.0.0.1"],
  ])("%j is %s: the right-most address that is not trusted", ([header = "", client]) => {
    expect(told("10.0.0.1", { "X-Forwarded-For": header })).toBe(client);
  });
});

describe("Forwarded (RFC 7239)", () => {
  test.for([
    ["for=192.0.2.1", "192.0.2.1"],
    ["For=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"],
    ['proto=https; for="192.0.2.1:80" ,for=10.2.2.2', "192.0.2.1"],
    ['for="[2001:DB9::1]:4711"', "2001:db9::1"],
    ['for=1.1.1.1, for="\\1\\92.0.2.1"', "192.0.2.1"],
    ['host="a;for=1.1.1.1,";for=192.0.2.1', "192.0.2.1"],
    ["for=1.1.1.1, for=_hidden", "10.0.0.1"],
    ["for=1.1.1.1, proto=https", "10.0.0.1"],
    ['for=", for=192.0.2.1', "10.0.0.1"],
    ["for=[2001:db9::1]", "10.0.0.1"],
  ])("%j is %s", ([header = "", client]) => {
    expect(told("10.0.0.1", { Forwarded: header })).toBe(client);
  });

  test("that names another client than X-Forwarded-For is refused: one of them is no proxy's", () => {
    const both = (forwarded: string) =>
      told("10.0.0.1", { "X-Forwarded-For": "192.0.2.1", Forwarded: forwarded });
    expect(both("for=1.1.1.1, for=192.0.2.1")).toBe("192.0.2.1");
    expect(() => both("for=1.1.1.1")).toThrow("name different clients");
  });
});

test("a header that is made to be slow is not", () => {
  for (const slow of [";  ", "a=b", 'a="b";', "for=x ", '"', ";a=b "]) {
    const began = performance.now();
    told("10.0.0.1", { Forwarded: `${slow.repeat(15_000 / slow.length)}[` });
    expect(performance.now() - began, slow).toBeLessThan(500);
  }
});

test("whatever a client sends, what the proxy appends is the client", () => {
  fc.assert(
    fc.property(fc.string(), (sent) => {
      expect(told("10.0.0.1", { "X-Forwarded-For": `${sent}, 192.0.2.1` })).toBe("192.0.2.1");
      const named = told("10.0.0.1", { Forwarded: `${sent}, for=192.0.2.1` });
      // What is malformed says nothing; it never says somebody else.
      expect(["192.0.2.1", "10.0.0.1"]).toContain(named);
    }),
  );
});

test("a server counts failed logins by that address, and keeps it in the audit log", async () => {
  const trustedProxies = ["127.0.0.0/8", "::1"];
  const service = await serveTest({ trustedProxies, rateLimit: 1, rateClock: () => 0 });
  const guess = (address: string) =>
    service.get("/v1/events/head", {
      headers: { Authorization: "Bearer wrong", "X-Forwarded-For": address },
      token: "none",
    });
  expect((await guess("192.0.2.1")).status).toBe(401);
  expectRefusal(await guess("1.1.1.1, 192.0.2.1"), 429, "TooManyRequestsError");
  expect((await guess("192.0.2.2")).status).toBe(401);
});

test("the audit log has the address, and of a server without trusted proxies the peer's", async () => {
  for (const [trustedProxies, client] of [
    [["127.0.0.1"], "192.0.2.7"],
    [[], "127.0.0.1"],
  ] as const) {
    const service = await serveTest({ trustedProxies });
    const path = await makeBucket(service, {});
    const headers = { "X-Forwarded-For": "1.1.1.1, 192.0.2.7" };
    await service.send("DELETE", path, { headers });
    const log = await service.get("/v1/organizations/audit/logs?action=bucket_deleted");
    expect(log.text).toContain(`"ip_address":"${client}"`);
  }
});
