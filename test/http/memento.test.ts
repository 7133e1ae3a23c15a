/**
 * The past as clients of other standards ask for it: by `Accept-Datetime` (RFC 7089), and by links
 * from version to version (RFC 5829). A name that begins with a number is that row of the
 * acceptance list for HTTP behaviour.
 */
import { describe, expect, it } from "vitest";
import {
  type Answer,
  bucketOf,
  expectRefusal,
  header,
  makeBucket,
  type ServiceOptions,
  serveTest,
  TestClock,
} from "../support/server.js";

/** A bucket with versions at 12:00:00.000, 12:00:01.500 and 12:00:03.000. */
async function makeStory(options: ServiceOptions = {}) {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, ...options });
  const path = await makeBucket(service);
  clock.advance(1_500);
  await service.patch(path, { description: "second" });
  clock.advance(1_500);
  await service.patch(path, { description: "third" });
  const ask = (datetime: string, query = "", headers: Record<string, string> = {}) =>
    service.get(`${path}${query}`, { headers: { "Accept-Datetime": datetime, ...headers } });
  return { service, path, clock, ask };
}

const at = (time: string) => `Thu, 01 Oct 2026 ${time} GMT`;

/** The targets of an answer's links by their relation. */
function linksOf(answer: Answer): Record<string, string> {
  return Object.fromEntries(
    [...header(answer, "Link").matchAll(/<([^>]*)>; rel="([^"]*)"/g)].flatMap(
      ([, target = "", relations = ""]) =>
        relations.split(" ").map((relation) => [relation, target]),
    ),
  );
}

describe("Accept-Datetime", () => {
  it.each([
    "yesterday",
    "2026-10-01T12:00:00Z",
    "Thu, 01 Oct 2026 12:00:00",
    "Thu, 01 Oct 2026 12:00:00 +0200",
    "Fri, 01 Oct 2026 12:00:00 GMT",
    "Thu, 31 Sep 2026 12:00:00 GMT",
    "thu, 01 oct 2026 12:00:00 gmt",
  ])("50: refuses %j, which is no HTTP date", async (datetime) => {
    const { ask } = await makeStory();
    expectRefusal(await ask(datetime), 400, "BadRequestError");
  });

  it("50: before the creation there is nothing", async () => {
    const { ask } = await makeStory();
    expectRefusal(await ask(at("11:59:59")), 404, "NotFoundError");
  });

  it("50: a second stands for all that was recorded up to its end", async () => {
    const { ask } = await makeStory();
    for (const [time, version, made] of [
      ["12:00:00", "1", "12:00:00"],
      ["12:00:01", "2", "12:00:01"],
      ["12:00:02", "2", "12:00:01"],
      ["12:00:03", "3", "12:00:03"],
    ] as const) {
      const answer = await ask(at(time));
      expect(header(answer, "X-Version"), time).toBe(version);
      expect(header(answer, "Memento-Datetime"), time).toBe(at(made));
      expect(header(answer, "Vary")).toContain("Accept-Datetime");
    }
  });

  it("50: what is yet to come is answered with what there is, and not kept", async () => {
    const { ask } = await makeStory();
    const answer = await ask("Fri, 01 Oct 2077 12:00:00 GMT");
    expect(bucketOf(answer).description).toBe("third");
    expect(header(answer, "Cache-Control")).toBe("no-store");
    expect(header(await ask(at("12:00:01")), "Cache-Control")).toBe("private, no-cache");
  });

  it("names the place of what it answers with, which has the same bytes", async () => {
    const { service, ask } = await makeStory();
    for (const time of ["12:00:00", "12:00:02", "12:00:59"]) {
      const negotiated = await ask(at(time));
      const place = header(negotiated, "Content-Location").replace(service.url, "");
      const memento = await service.get(place);
      expect(memento.text).toBe(negotiated.text);
      for (const name of ["ETag", "Memento-Datetime", "Cache-Control", "Link"]) {
        expect(header(memento, name)).toBe(header(negotiated, name));
      }
    }
  });

  it("gives way to as_of, and goes with If-None-Match", async () => {
    const { ask } = await makeStory();
    const asked = await ask("no date", "?as_of=1");
    expect(header(asked, "X-Version")).toBe("1");
    expect(asked.headers.get("Content-Location")).toBeNull();
    const same = await ask(at("12:00:00"), "", { "If-None-Match": header(asked, "ETag") });
    expect(same.status).toBe(304);
    expect(header(same, "Vary")).toContain("Accept-Datetime");
  });

  it("finds a bucket that was deleted since, by its id", async () => {
    const { service, path, clock, ask } = await makeStory();
    clock.advance(1_000);
    await service.send("DELETE", path);
    expect(bucketOf(await ask(at("12:00:03"))).description).toBe("third");
    const gone = await ask(at("12:00:05"));
    expectRefusal(gone, 404, "NotFoundError");
    expect(linksOf(gone)).toEqual({ "version-history": `${path}/history` });
  });
});

describe("Links between versions", () => {
  it("49: lead from now to the version before, and to the history", async () => {
    const { service, path } = await makeStory();
    const url = `${service.url}${path}`;
    const current = await service.get("/v1/buckets/videos");
    expect(current.headers.get("Memento-Datetime")).toBeNull();
    expect(linksOf(current)).toEqual({
      original: url,
      timegate: url,
      "latest-version": url,
      "version-history": `${url}/history`,
      "predecessor-version": `${url}?as_of=2`,
    });
  });

  it("49: lead from a version to both sides, as far as there is something", async () => {
    const { service, path } = await makeStory();
    const url = `${service.url}${path}`;
    const links = [];
    for (const point of ["1", "@2", "3"]) {
      links.push(linksOf(await service.get(`${path}?as_of=${point}`)));
    }
    expect(links.map((link) => link["predecessor-version"])).toEqual([
      undefined,
      `${url}?as_of=1`,
      `${url}?as_of=2`,
    ]);
    expect(links.map((link) => link["successor-version"])).toEqual([
      `${url}?as_of=2`,
      `${url}?as_of=3`,
      undefined,
    ]);
  });

  it("lead from an entry to the states around it, also after deletion", async () => {
    const { service, path } = await makeStory();
    const url = `${service.url}${path}`;
    await service.send("DELETE", path);
    expect(linksOf(await service.get(`${path}/history/3`))).toEqual({
      "latest-version": url,
      "version-history": `${url}/history`,
      "predecessor-version": `${url}?as_of=2`,
      "successor-version": `${url}?as_of=4`,
    });
    const last = linksOf(await service.get(`${path}/history/4`));
    expect(last["successor-version"]).toBeUndefined();
  });

  it("can be followed from the first version to the last", async () => {
    const { service, path } = await makeStory();
    const seen: string[] = [];
    let next: string | undefined = `${path}?as_of=1`;
    while (next !== undefined && seen.length < 9) {
      const answer = await service.get(next);
      seen.push(header(answer, "X-Version"));
      next = linksOf(answer)["successor-version"]?.replace(service.url, "");
    }
    expect(seen).toEqual(["1", "2", "3"]);
  });

  it("know the origin and the path that the server is reached by", async () => {
    const service = await serveTest({ basePath: "/api", publicUrl: "https://example.com" });
    const path = await makeBucket(service);
    const links = linksOf(await service.get(path));
    expect(links["latest-version"]).toBe(`https://example.com/api${path}`);
  });
});
