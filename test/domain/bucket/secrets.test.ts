/** What becomes of secrets in requests, in events and in answers. `sec_…` are references. */
import { describe, expect, test } from "vitest";
import { bucketSecrets } from "../../../src/domain/bucket/secrets.js";
import type { Change } from "../../../src/domain/change.js";
import { diff } from "../../../src/domain/changes.js";
import type { JsonObject } from "../../../src/domain/json.js";
import { secretMask } from "../../../src/domain/secrets.js";
import { create, created, given, patch, plainDocument } from "../specification.js";

const json = "application/json";
const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";

const connection = {
  api_base_url: "https://api.example",
  credentials: { token: "sec_token", oauth: { id: "sec_id" } },
};
const adapter: JsonObject = {
  adapter_type: "mux",
  enabled: true,
  connection,
  webhook_secret: "sec_hook",
};
const document: JsonObject = { ...plainDocument, source_adapter: adapter };
const masked: JsonObject = {
  ...adapter,
  webhook_secret: secretMask,
  connection: {
    ...connection,
    credentials: { token: secretMask, oauth: { id: secretMask } },
  },
};

describe("a mask", () => {
  test("of credentials is refused where nothing is stored", () => {
    const at = ["source_adapter", "connection", "credentials"];
    const credentials = (value: JsonObject) => ({
      source_adapter: { connection: { credentials: value } },
    });
    given([created(document)])
      .when(patch(merge, credentials({ other: secretMask })))
      .thenInvalid([...at, "other"], "secret_not_stored");
    const withNull = { ...connection, credentials: { none: null } };
    given([created({ ...document, source_adapter: { ...adapter, connection: withNull } })])
      .when(patch(merge, credentials({ none: secretMask })))
      .thenInvalid([...at, "none"], "secret_not_stored");
    given([created(document)])
      .when(patch(merge, credentials({ oauth: secretMask })))
      .thenInvalid([...at, "oauth"], "secret_not_stored");
    given([])
      .when(create({ ...plainDocument, source_adapter: masked }))
      .thenInvalid([...at, "token"], "secret_not_stored");
  });

  test.each([
    [json, { source_adapter: masked }],
    [merge, { source_adapter: masked }],
    [jsonPatch, [{ op: "replace", path: "/source_adapter", value: masked }]],
    [jsonPatch, [{ op: "add", path: "/source_adapter/webhook_secret", value: secretMask }]],
  ] as const)(
    "in %s keeps what is stored, so that reading and writing back is safe",
    (type, body) => {
      given([created(document)])
        .when(patch(type, body))
        .thenDocument(document);
    },
  );

  test("of a webhook secret is like its absence: one is made where none is stored", () => {
    const sent = { adapter_type: "mux", webhook_secret: secretMask };
    given([])
      .when(create({ ...plainDocument, source_adapter: sent }))
      .thenEvent({
        type: "bucket.created",
        data: {
          changes: diff(
            {},
            {
              ...plainDocument,
              source_adapter: {
                adapter_type: "mux",
                enabled: true,
                webhook_secret: "sec_generated",
              },
            },
          ),
        },
      });
  });
});

describe("a secret that is sent", () => {
  test("is refused unless the request brought it", () => {
    given([created(document)])
      .when(patch(merge, { source_adapter: { webhook_secret: "plain" } }))
      .thenInvalid(["source_adapter", "webhook_secret"], "secret_not_sent");
    given([created(document)])
      .when(patch(merge, { source_adapter: { webhook_secret: "sec_token" } }))
      .thenInvalid(["source_adapter", "webhook_secret"], "secret_not_sent");
  });

  test("replaces the stored one", () => {
    given([created(document)])
      .when(patch(merge, { source_adapter: { webhook_secret: "sec_new" } }, ["sec_new"]))
      .thenDocument({ ...document, source_adapter: { ...adapter, webhook_secret: "sec_new" } });
    given([created(document)])
      .when(
        patch(
          merge,
          { source_adapter: { connection: { credentials: { token: "sec_a", oauth: "sec_b" } } } },
          ["sec_a", "sec_b"],
        ),
      )
      .thenDocument({
        ...document,
        source_adapter: {
          ...adapter,
          connection: { ...connection, credentials: { token: "sec_a", oauth: "sec_b" } },
        },
      });
  });

  test("is made when an adapter is set without one", () => {
    given([created()])
      .when(patch(json, { source_adapter: { adapter_type: "mux" } }))
      .thenDocument({
        ...plainDocument,
        source_adapter: { adapter_type: "mux", enabled: true, webhook_secret: "sec_generated" },
      });
  });
});

describe("a JSON Patch", () => {
  const when = (...operations: JsonObject[]) =>
    given([created(document)]).when(patch(jsonPatch, operations));

  test.each([
    "",
    "/source_adapter",
    "/source_adapter/connection",
    "/source_adapter/connection/credentials",
    "/source_adapter/connection/credentials/token",
    "/source_adapter/connection/credentials/gone",
    "/source_adapter/webhook_secret",
  ])("does not test, copy or move %j, which is or holds a secret", (path) => {
    when({ op: "test", path, value: "guess" }).thenInvalid([0, "path"], "secret_not_readable");
    for (const op of ["copy", "move"]) {
      when({ op, from: path, path: "/metadata/leak" }).thenInvalid(
        [0, "from"],
        "secret_not_readable",
      );
    }
  });

  test("does not read a secret that it has just set", () => {
    given([created()])
      .when(
        patch(
          jsonPatch,
          [
            {
              op: "add",
              path: "/source_adapter",
              value: { ...adapter, webhook_secret: "sec_new" },
            },
            { op: "copy", from: "/source_adapter", path: "/metadata/leak" },
          ],
          ["sec_new", "sec_token", "sec_id"],
        ),
      )
      .thenInvalid([1, "from"], "secret_not_readable");
  });

  test("does not put plain data in the place of a secret", () => {
    const at = ["source_adapter", "webhook_secret"];
    for (const op of ["copy", "move"]) {
      when({ op, from: "/metadata/team", path: `/${at.join("/")}` }).thenInvalid(
        at,
        "secret_not_sent",
      );
      when({
        op,
        from: "/metadata",
        path: "/source_adapter/connection/credentials",
      }).thenInvalid(["source_adapter", "connection", "credentials", "team"], "secret_not_sent");
    }
  });

  test("reads what is next to a secret", () => {
    when(
      { op: "test", path: "/source_adapter/adapter_type", value: "mux" },
      { op: "copy", from: "/source_adapter/connection/api_base_url", path: "/metadata/url" },
    ).thenDocument({ ...document, metadata: { team: "a", url: "https://api.example" } });
  });

  test("makes a new webhook secret for one that is removed", () => {
    when({ op: "remove", path: "/source_adapter/webhook_secret" }).thenDocument({
      ...document,
      source_adapter: { ...adapter, webhook_secret: "sec_generated" },
    });
  });

  test("reads a whole document that has no secrets", () => {
    given([created()])
      .when(patch(jsonPatch, [{ op: "test", path: "", value: plainDocument }]))
      .thenDocument(plainDocument);
  });
});

describe("masking", () => {
  test("a document hides every secret and nothing else", () => {
    expect(bucketSecrets.mask(document)).toStrictEqual({
      ...plainDocument,
      source_adapter: masked,
    });
    expect(bucketSecrets.mask(adapter, ["source_adapter"])).toStrictEqual(masked);
    expect(bucketSecrets.mask(plainDocument)).toStrictEqual(plainDocument);
  });

  test("takes an array of credentials for one secret", () => {
    const value = { credentials: { keys: ["sec_a", { b: 1 }], port: 1, on: true, none: null } };
    expect(bucketSecrets.mask(value, ["source_adapter", "connection"])).toStrictEqual({
      credentials: { keys: secretMask, port: secretMask, on: secretMask, none: null },
    });
  });

  test("does not hide what is called like a secret somewhere else", () => {
    const value = { metadata: { source_adapter: adapter, webhook_secret: "public" } };
    expect(bucketSecrets.mask(value)).toStrictEqual(value);
  });

  test("changes hides old and new values, wherever the path stops", () => {
    const other = { ...adapter, webhook_secret: "sec_other", connection: { ...connection } };
    const changes: Change[] = [
      ...diff({}, document),
      ...diff(document, {}),
      ...diff(document, { ...document, source_adapter: other }),
      ...diff(document, {
        ...document,
        source_adapter: {
          ...adapter,
          connection: { ...connection, credentials: { token: { a: "sec_a" }, oauth: "sec_b" } },
        },
      }),
      { op: "replace", path: "", value: document, was: document },
      { op: "replace", path: "/source_adapter", value: adapter, was: adapter },
      { op: "add", path: "/source_adapter/connection", value: connection },
      { op: "remove", path: "/source_adapter/connection/credentials", was: connection.credentials },
      { op: "add", path: "/source_adapter/connection/credentials/a~1b", value: "sec_slash" },
      { op: "remove", path: "/source_adapter/webhook_secret", was: "sec_hook" },
    ];
    const shown = bucketSecrets.maskChanges(changes);
    expect(JSON.stringify(changes)).toContain("sec_");
    expect(JSON.stringify(shown)).not.toContain("sec_");
    expect(shown.map(({ op, path }) => ({ op, path }))).toEqual(
      changes.map(({ op, path }) => ({ op, path })),
    );
    expect(shown).toContainEqual({
      op: "replace",
      path: "/source_adapter/webhook_secret",
      value: secretMask,
      was: secretMask,
    });
  });

  test("very many credentials is one pass", () => {
    const credentials = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, i) => [`key${i}`, `sec_${i}`]),
    );
    const value = { connection: { credentials } };
    expect(JSON.stringify(bucketSecrets.mask(value, ["source_adapter"]))).not.toContain("sec_");
  });
});

test("each reference of a document is found once", () => {
  expect(bucketSecrets.references(document).sort()).toEqual(["sec_hook", "sec_id", "sec_token"]);
  expect(bucketSecrets.references(plainDocument)).toEqual([]);
});

test("each secret is mapped once, with its place", () => {
  const places: string[] = [];
  bucketSecrets.map(document, [], (leaf, pointer) => {
    places.push(pointer.join("."));
    return leaf;
  });
  expect(places.sort()).toEqual([
    "source_adapter.connection.credentials.oauth.id",
    "source_adapter.connection.credentials.token",
    "source_adapter.webhook_secret",
  ]);
});

test("a secret is read at its place, above it and below it, and nowhere else", () => {
  expect(bucketSecrets.isRead(document, ["source_adapter"])).toBe(true);
  expect(bucketSecrets.isRead(document, ["source_adapter", "webhook_secret", "x"])).toBe(true);
  expect(bucketSecrets.isRead(document, ["source_adapter", "adapter_type"])).toBe(false);
  expect(bucketSecrets.isRead(document, ["metadata"])).toBe(false);
  expect(bucketSecrets.isRead(plainDocument, [])).toBe(false);
});
