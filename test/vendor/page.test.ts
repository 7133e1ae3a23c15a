/**
 * The page on programs for the hosted API is true: it lists what the table does, names every
 * parameter that is ignored, and each command of it does what it says.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isJsonArray, isJsonObject, type JsonObject } from "../../src/domain/json.js";
import { jsonObject } from "../../src/domain/schemas.js";
import { serveTest, tokens } from "../support/server.js";
import { runScript } from "../support/shell.js";
import { hostedOperations } from "./hosted.js";

const page = readFileSync(new URL("../../src/http/vendor.md", import.meta.url), "utf8");

/** The rows of the table under a heading, each as what stands in its cells. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** `GET PUT /{id}` below a path, as one name for each method. */
function operationsUnder(heading: string): readonly string[] {
  return rowsUnder(heading).flatMap(([, under, operations]) => {
    const [base = ""] = codeIn(under);
    return codeIn(operations).flatMap((code) => {
      const words = code.split(" ");
      const rest = words.find((word) => word.startsWith("/")) ?? "";
      return words.filter((word) => word !== rest).map((method) => `${method} ${base}${rest}`);
    });
  });
}

describe("the page", () => {
  test.each([
    ["What is served", true],
    ["What is a 501", false],
  ])("lists %s as the table has it", (heading, isServed) => {
    const operations = hostedOperations.filter((operation) => operation.isServed === isServed);
    expect([...operationsUnder(heading)].sort()).toEqual(operations.map(({ name }) => name).sort());
  });

  test("names each parameter that is taken and ignored, and no other", async () => {
    const service = await serveTest();
    const { body } = await service.get("/openapi.json", { token: "none" });
    const ignored = Object.entries(jsonObject.parse(jsonObject.parse(body)["paths"])).flatMap(
      ([path, item]) =>
        Object.entries(jsonObject.parse(item)).flatMap(([method, operation]) =>
          ignoredOf(jsonObject.parse(operation)).map(
            (name) => `${method.toUpperCase()} ${path} ${name}`,
          ),
        ),
    );
    const told = rowsUnder("What is taken and ignored")
      .filter(([, where]) => where === "query")
      .flatMap(([of, , what]) =>
        codeIn(of).flatMap((operation) =>
          codeIn(what).map(
            (name) => `${operation.replace("…", "/v1/buckets/{bucket_identifier}")} ${name}`,
          ),
        ),
      );
    expect([...told].sort()).toEqual([...ignored].sort());
  });
});

function ignoredOf(operation: JsonObject): readonly string[] {
  const parameters = operation["parameters"];
  return (isJsonArray(parameters) ? parameters : []).filter(isJsonObject).flatMap((parameter) => {
    const { description = "" } = jsonObject.parse(parameter["schema"]);
    return String(description).includes("it means nothing here") ? [String(parameter["name"])] : [];
  });
}

/** Commands in their order, each with what it is said to print. */
const [setUp, ...steps] = [
  ...page.matchAll(/^```sh\n([\s\S]*?)^```$(?:\n\n```(json|text)\n([\s\S]*?)^```$)?/gm),
].map(([, script = "", language = "", says = ""]) => ({ script, language, says: says.trimEnd() }));

test("each command of the page does what it says", { timeout: 120_000 }, async () => {
  const { url } = await serveTest();
  const here = (setUp?.script ?? "")
    .replace("http://127.0.0.1:8787", url)
    .replaceAll("a-token-of-your-own", tokens.admin);
  expect(steps.length).toBeGreaterThan(12);
  for (const { script, language, says } of steps) {
    const written = script.replaceAll("a-token-of-your-own", tokens.admin);
    const { code, out } = await runScript(`${here}\n${written}`);
    expect(code, script).toBe(0);
    expect(["json", "text"], script).toContain(language);
    if (language === "json") expect(JSON.parse(out), script).toMatchObject(JSON.parse(says));
    else expect(out.trimEnd(), script).toBe(says);
  }
});
