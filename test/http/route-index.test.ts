/** The index finds what the router would, or leaves it to the router. */
import Router from "@koa/router";
import { expect, test } from "vitest";
import type { Route } from "../../src/http/route.js";
import { RouteIndex } from "../../src/http/route-index.js";
import { namespaceRoutes } from "../../src/http/routes/namespaces.js";
import { proofRoutes } from "../../src/http/routes/proofs.js";
import { resourceRoutes } from "../../src/http/routes/resources.js";
import { taskRoutes } from "../../src/http/routes/tasks.js";
import { tokenRoutes } from "../../src/http/routes/tokens.js";

const routes: readonly Route[] = [
  ...resourceRoutes,
  ...namespaceRoutes,
  ...taskRoutes,
  ...proofRoutes({ isPublic: false }),
  ...tokenRoutes,
];
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];

/** Paths that fit a route, and such as almost do. */
function pathsLike({ path }: Route): readonly string[] {
  const filled = ["x1", "list", "", "%41"].map((value) => path.replaceAll(/\{\w+\}/g, value));
  return [...filled, ...filled.flatMap((one) => [`${one}/`, `${one}//x`])];
}

test.for(["", "/api/v0"])("it finds the route and parameters of the router, under %j", (base) => {
  const router = new Router({ sensitive: true, strict: true });
  for (const { method, path, takesRest } of routes) {
    const whole = takesRest === true ? path.replace(/\{(\w+)\}$/, "*$1") : path;
    router.register(base + whole.replaceAll(/\{(\w+)\}/g, ":$1"), [method], () => {}, {
      name: path,
    });
  }
  const index = new RouteIndex(routes, base);
  let found = 0;
  for (const path of new Set(routes.flatMap(pathsLike).map((one) => base + one))) {
    for (const method of methods) {
      const [layer] = router.match(path, method).pathAndMethod;
      const hit = index.find(method, path);
      if (path.includes("%")) expect(hit).toBeUndefined();
      else expect([method, path, hit?.route.path]).toEqual([method, path, layer?.name]);
      if (hit === undefined || layer === undefined) continue;
      found += 1;
      expect(hit.params).toEqual(layer.params(path, layer.captures(path), {}));
    }
  }
  expect(found).toBeGreaterThan(routes.length);
});

test("what is not below the base path is not looked for", () => {
  const index = new RouteIndex(routes, "/api");
  expect(index.find("GET", "/v1/buckets/x")).toBeUndefined();
  expect(index.find("GET", "/apiv1/buckets/x")).toBeUndefined();
  expect(index.find("GET", "/api/v1/buckets/x")?.params).toEqual({ bucket_identifier: "x" });
});
