/** Which routes there are: where to begin, and what is said of those that there are not. */
import { describe, expect, test } from "vitest";
import { at, makeBucket, serveTest, textAt } from "../support/server.js";

describe("a route that is not there", () => {
  test.for([
    ["GET", "/buckets/videos", "/v1/buckets/videos"],
    ["POST", "/buckets", "/v1/buckets"],
    ["GET", "/v1/buckets/videos/", "/v1/buckets/videos"],
    ["GET", "/events", "/v1/events"],
  ])("%s %s points to %s", async ([method, path, meant]) => {
    const service = await serveTest();
    const answer = await service.send(method ?? "", path ?? "");
    expect(answer.status).toBe(404);
    expect(textAt(answer, "error", "message")).toBe(
      `There is no route ${method} ${path}. Did you mean ${meant}?`,
    );
  });

  test("is named under the base path as well", async () => {
    const service = await serveTest({ basePath: "/api" });
    const { origin } = new URL(service.url);
    for (const path of ["/v1/buckets/videos", "/buckets/videos", "/api/buckets/videos"]) {
      const answer = await fetch(`${origin}${path}`);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain("Did you mean /api/v1/buckets/videos?");
    }
  });

  test("and is near to nothing gets no guess", async () => {
    const service = await serveTest();
    const answer = await service.get("/nowhere");
    expect(answer.status).toBe(404);
    expect(textAt(answer, "error", "message")).toBe("There is no route GET /nowhere.");
  });
});

describe("GET /", () => {
  test.for(["", "/api"])("links to what there is, under %j, without a token", async (basePath) => {
    const service = await serveTest({ basePath });
    const answer = await service.get("/", { token: "none" });
    expect(answer.status, answer.text).toBe(200);
    expect(at(answer, "service")).toBe("bucketlog");
    const links = Object.values(Object(at(answer, "links")));
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) {
      expect(String(link).startsWith(`${service.url}/`)).toBe(true);
      const path = String(link).slice(service.url.length);
      const { status } = await service.get(path === "/v1/buckets" ? "/v1/tasks/none" : path);
      expect(status, path).not.toBe(path === "/v1/buckets" ? 405 : 404);
    }
  });
});

describe("a bucket that is not there", () => {
  test("is answered with the nearest name of the namespace, on reads and writes alike", async () => {
    const service = await serveTest();
    await makeBucket(service, { bucket_name: "product-videos" });
    await makeBucket(service, { bucket_name: "films" }, { namespace: "other" });
    const paths = ["", "/history", "/objects/list", "/blame", "/uploads/none"];
    const says =
      'There is no bucket "prodct-videos" in the namespace "default". Did you mean "product-videos"?';
    for (const path of paths) {
      const method = path === "/objects/list" ? "POST" : "GET";
      const answer = await service.send(method, `/v1/buckets/prodct-videos${path}`, {
        ...(method === "POST" && { json: {} }),
      });
      expect(answer.status, path).toBe(404);
      expect(textAt(answer, "error", "message"), path).toBe(says);
    }
    const patched = await service.patch("/v1/buckets/prodct-videos", { description: "a" });
    expect(textAt(patched, "error", "message")).toBe(says);
    const feed = await service.get("/v1/events?bucket=prodct-videos");
    expect(textAt(feed, "error", "message")).toBe(says);
    const created = await service.post("/v1/buckets/prodct-videos/objects", { blobs: [] });
    expect(textAt(created, "error", "message")).toBe(says);
    const elsewhere = await service.get("/v1/buckets/film");
    expect(textAt(elsewhere, "error", "message")).not.toContain("films");
  });

  test("that was deleted or renamed is suggested no more", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { bucket_name: "product-videos" });
    await service.patch(path, { bucket_name: "films" });
    const { body } = await service.get("/v1/buckets/product-video");
    expect(JSON.stringify(body)).not.toContain("product-videos");
  });
});
