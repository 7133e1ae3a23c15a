/** Goal: no spelling of a URL reaches the own network. Method: vectors, one way in each. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFetchUrl, isFetchable } from "../../../src/domain/ingest/ssrf.js";
import { seed } from "../arbitraries.js";
import { refusalOf } from "../refusal.js";

const strict = { allowLoopback: false };
const development = { allowLoopback: true };
const at = ["body", "blobs", 0, "data"];

describe("a URL is refused", () => {
  test.each([
    "",
    "not a url",
    "/etc/passwd",
    "file:///etc/passwd",
    "ftp://example.com/a",
    "gopher://example.com/",
    "data:text/plain,a",
    "javascript:alert(1)",
    "http://",
    "http://user@example.com/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://intranet/",
    "http://localhost../x",
    "http://db.default.svc/",
    "http://db.default.svc.cluster.local/",
    "http://nas.lan/",
    "http://NAS.LAN./",
    "http://mail.corp/",
    "http://router.home/",
    "http://router.home.arpa/",
    "http://wiki.internal/",
    "http://wiki.intranet/",
    "http://wiki.private/",
    "http://a.localdomain/",
    "http://a.test/",
    "http://a.invalid/",
    "http://a.onion/",
    "http://[3fff::1]/",
    "http://[3fff:fff::1]/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.255.255.254/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://１２７.0.0.1/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://198.19.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[ff02::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "https://example.com:22/",
    "https://example.com:6379/",
    "https://example.com:65536/",
  ])("%s", (text) => {
    const refusal = refusalOf(() => checkFetchUrl(text, at, strict));
    expect(refusal.code).toBe("VALIDATION_FAILED");
    expect(refusal.details["validation_errors"]).toEqual([
      expect.objectContaining({ type: "url_refused", location: at }),
    ]);
  });

  test("with the same words, whatever of the network it names", () => {
    const wordsFor = (text: string) => refusalOf(() => checkFetchUrl(text, at, strict)).message;
    expect(wordsFor("http://10.0.0.1/")).toBe(wordsFor("http://intranet/"));
  });
});

test.each([
  "https://example.com/a.mp4?x=1#y",
  "http://example.com:8080/",
  "https://8.8.8.8/",
  "http://172.15.255.255/",
  "http://172.32.0.1/",
  "http://[2606:4700:4700::1111]/",
  "http://[3fff:1000::1]/",
  "https://home.example/",
  "https://mylan.example/",
  "https://bücher.example/",
])("%s is fetched", (text) => {
  expect(checkFetchUrl(text, at, strict).href).toBe(new URL(text).href);
});

test("in development the own machine may be fetched from, and no other", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1", "[::1]"]) {
    expect(checkFetchUrl(`http://${host}:34567/a`, at, development).port).toBe("34567");
  }
  for (const host of ["10.0.0.1", "169.254.169.254", "0.0.0.0", "[fe80::1]", "intranet"]) {
    refusalOf(() => checkFetchUrl(`http://${host}/`, at, development));
  }
  refusalOf(() => checkFetchUrl("http://user@localhost/", at, development));
});

describe("the address that a name resolved to", () => {
  test.each(["127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "a.example", ""])(
    "%j is not connected to",
    (address) => {
      expect(isFetchable(address, strict)).toBe(false);
    },
  );

  test.each(["8.8.8.8", "2606:4700:4700::1111"])("%j is", (address) => {
    expect(isFetchable(address, strict)).toBe(true);
  });

  test("may be loopback in development", () => {
    expect(isFetchable("127.0.0.1", development)).toBe(true);
    expect(isFetchable("::1", development)).toBe(true);
    expect(isFetchable("10.0.0.1", development)).toBe(false);
  });
});

test("every spelling of a number is judged as the address it is", () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (address) => {
      const dotted = [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
      const isAllowed = isFetchable(dotted, strict);
      for (const host of [address, `0x${address.toString(16)}`, `0${address.toString(8)}`]) {
        const check = () => checkFetchUrl(`http://${host}/`, at, strict);
        if (isAllowed) expect(check().hostname).toBe(dotted);
        else expect(refusalOf(check).code).toBe("VALIDATION_FAILED");
      }
    }),
    { seed },
  );
});
