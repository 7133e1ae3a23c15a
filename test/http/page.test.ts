/** The page as files: how it is found, kept, and shut in. What it shows is tested in a browser. */
import { expect, test } from "vitest";
import { serveTest } from "../support/server.js";

const html = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

async function firstAsset(url: string): Promise<string> {
  const page = await (await fetch(`${url}/ui/`)).text();
  return /src="(assets\/main-[^"]+\.js)"/.exec(page)?.[1] ?? "";
}

test("without the page its addresses are like any other that there is not", async () => {
  const { url } = await serveTest({ ui: false });
  const answer = await fetch(`${url}/ui/`);
  expect(answer.status).toBe(404);
  expect(answer.headers.get("Content-Type")).toContain("application/json");
  expect((await fetch(url, { headers: html, redirect: "manual" })).status).not.toBe(302);
});

test("a browser is sent to the page, a program is not", async () => {
  const { url } = await serveTest();
  const browser = await fetch(`${url}/`, { headers: html, redirect: "manual" });
  expect([browser.status, browser.headers.get("Location")]).toEqual([302, "/ui/"]);
  expect(browser.headers.get("Vary")).toContain("Accept");
  const slashless = await fetch(`${url}/ui`, { redirect: "manual" });
  expect(slashless.headers.get("Location")).toBe("/ui/");
  expect((await fetch(`${url}/`, { redirect: "manual" })).status).not.toBe(302);
});

test("every address of the page is the same document, without a token, and only for reading", async () => {
  const { url } = await serveTest();
  for (const path of ["/ui/", "/ui/default/buckets/a%2Fb?as_of=3", "/ui/assets/no-such.js"]) {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(await answer.text()).toContain('<base href="/ui/" />');
  }
  expect((await fetch(`${url}/ui/`, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${url}/ui/`, { method: "POST" })).status).toBe(404);
});

test("it lets in nothing from elsewhere, and nothing that is not a file of its own", async () => {
  const { url } = await serveTest();
  const answer = await fetch(`${url}/ui/`);
  const policy = answer.headers.get("Content-Security-Policy");
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("unsafe");
  expect(policy).toContain("frame-ancestors 'none'");
  const text = await answer.text();
  expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:/);
});

test("files are kept for ever, the document is asked about, and both may be 304", async () => {
  const { url } = await serveTest();
  const page = await fetch(`${url}/ui/`);
  expect(page.headers.get("Cache-Control")).toBe("no-cache");
  const asset = await fetch(`${url}/ui/${await firstAsset(url)}`);
  expect(asset.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
  expect(asset.headers.get("Content-Type")).toBe("text/javascript; charset=utf-8");
  for (const { url: address, headers } of [page, asset]) {
    const again = await fetch(address, { headers: { "If-None-Match": headers.get("ETag") ?? "" } });
    expect(again.status).toBe(304);
  }
});

test("what is large is sent as it was packed by the build, to whom takes that", async () => {
  const { url } = await serveTest();
  const asset = `${url}/ui/${await firstAsset(url)}`;
  const packed = await fetch(asset, { headers: { "Accept-Encoding": "gzip" } });
  const plain = await fetch(asset, { headers: { "Accept-Encoding": "identity" } });
  expect(packed.headers.get("Content-Encoding")).toBe("gzip");
  expect(plain.headers.get("Content-Encoding")).toBeNull();
  expect(packed.headers.get("Vary")).toContain("Accept-Encoding");
  // fetch has unpacked it: what travelled is in its length.
  const text = await plain.text();
  expect(await packed.text()).toBe(text);
  expect(Number(packed.headers.get("Content-Length"))).toBeLessThan(text.length / 2);
});

test("under a base path the document knows where it is", async () => {
  const { url } = await serveTest({ basePath: "/api/buckets" });
  const answer = await fetch(`${url}/ui/default/health`);
  expect(await answer.text()).toContain('<base href="/api/buckets/ui/" />');
  const root = await fetch(`${url}/`, { headers: html, redirect: "manual" });
  expect(root.headers.get("Location")).toBe("/api/buckets/ui/");
});
