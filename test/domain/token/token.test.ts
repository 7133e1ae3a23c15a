/** Unit: src/domain/token */
import { describe, expect, test } from "vitest";
import type { TokenCommand } from "../../../src/domain/token/commands.js";
import { decideToken } from "../../../src/domain/token/decide.js";
import type { TokenDocument } from "../../../src/domain/token/document.js";
import type { TokenEvent } from "../../../src/domain/token/events.js";
import { tokenKind } from "../../../src/domain/token/kind.js";
import { renderToken } from "../../../src/domain/token/response.js";
import {
  evolveToken,
  madeAt,
  opensAt,
  type TokenState,
  tokenReservations,
} from "../../../src/domain/token/state.js";

const began = Date.parse("2026-05-03T12:00:00.000Z");
const day = 24 * 60 * 60 * 1_000;

function folded(events: readonly TokenEvent[]): TokenState {
  const state = events.reduce<TokenState | undefined>(
    (before, event, index) =>
      evolveToken(before, {
        position: index + 10,
        stream: "tok_1",
        version: index + 1,
        namespace: "_log",
        bucketId: "tok_1",
        eventId: `evt_${index}`,
        transactionId: undefined,
        recordedAt: began + index * day,
        meta: { actor: "ana", request_id: "req_1" },
        event,
      }),
    undefined,
  );
  if (state === undefined) throw new Error("nothing happened");
  return state;
}

/** What the commands make of a token, one after the other. */
function token(document: TokenDocument, ...later: readonly TokenCommand["type"][]): TokenState {
  const created = decideToken(undefined, { type: "create_token", document });
  return folded([
    created,
    ...later.flatMap((type) => (type === "create_token" ? [] : [decideToken(undefined, { type })])),
  ]);
}

const ana = { name: "ana", permission: "write", namespaces: ["films"] } as const;

describe("a token", () => {
  test("does not go on from nothing", () => {
    for (const type of ["token.rotated", "token.revoked"] as const) {
      expect(() => folded([{ type, data: {} }])).toThrow("does not begin with its creation");
    }
  });

  test("is what it was made of, and says so in its first event alone", () => {
    const event = decideToken(undefined, { type: "create_token", document: ana });
    expect(event).toEqual({
      type: "token.created",
      data: {
        changes: [
          { op: "add", path: "/name", value: "ana" },
          { op: "add", path: "/permission", value: "write" },
          { op: "add", path: "/namespaces", value: ["films"] },
        ],
      },
    });
    expect(renderToken(token(ana, "rotate_token"))).toEqual({
      token_id: "tok_1",
      ...ana,
      created_at: "2026-05-03T12:00:00.000Z",
    });
    for (const type of ["rotate_token", "revoke_token"] as const) {
      expect(tokenKind.changes(decideToken(undefined, { type }))).toEqual([]);
    }
  });

  test("keeps its name until it is revoked", () => {
    const own = [{ scope: "token_name", key: "ana" }];
    expect(tokenReservations(token(ana, "rotate_token"))).toEqual(own);
    expect(tokenReservations(token(ana, "rotate_token", "revoke_token"))).toEqual([]);
  });

  test("opens until it expires, to the millisecond, or is revoked", () => {
    const expiring = token({ ...ana, expires_at: new Date(began + day).toISOString() });
    expect([began + day - 1, began + day].map((at) => opensAt(expiring, at))).toEqual([
      true,
      false,
    ]);
    expect(opensAt(token(ana), Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(opensAt(token(ana, "revoke_token"), began + day)).toBe(false);
  });

  test("that was there before the log told of it says when it was made", () => {
    const created_at = "2025-12-24T00:00:00.000Z";
    const late = token({ ...ana, created_at });
    expect([madeAt(late), late.created_at]).toEqual([created_at, "2026-05-03T12:00:00.000Z"]);
  });
});
