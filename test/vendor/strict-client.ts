/**
 * A client of the hosted API that is as strict as its generated ones: it sends every default that
 * the API describes, and takes no answer that lacks a field, or has one of another type or beyond
 * an enum. What it knows is in `hosted.txt`.
 */
import { expect } from "vitest";
import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/domain/json.js";
import { jsonValue } from "../../src/domain/schemas.js";
import type { Answer, Client, Sending } from "../support/server.js";
import { type HostedOperation, hostedOperations } from "./hosted.js";

interface Call extends Pick<Sending, "namespace" | "headers" | "token"> {
  /** What stands for the parameters of the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, JsonValue>>;
  readonly body?: JsonObject;
}

export interface StrictClient {
  /** @throws what is wrong with the request, or with its answer. */
  call(operation: string, call?: Call): Promise<Answer>;
}

interface StrictOptions {
  /** The operations that were answered, which it adds to. */
  readonly called?: Set<string>;
  /** Of each request, beside its own. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function strictClient(
  client: Client,
  { called = new Set(), headers = {} }: StrictOptions = {},
): StrictClient {
  return {
    call: async (name, { path = {}, query = {}, body, ...sending } = {}) => {
      const operation = operationNamed(name);
      const [method = "", template = ""] = name.split(" ");
      const json = operation.body === undefined ? undefined : asGenerated(operation.body, body);
      const search = new URLSearchParams();
      const asked = fitting(operation.query, query, `the query of ${name}`);
      for (const [key, value] of Object.entries(asked)) search.set(key, String(value));
      const target = template.replaceAll(/\{(\w+)\}/g, (_, key) =>
        encodeURIComponent(path[key] ?? ""),
      );
      const url = search.size === 0 ? target : `${target}?${search}`;
      const answer = await client.send(method, url, {
        ...sending,
        headers: { ...headers, ...sending.headers },
        ...(json !== undefined && { json }),
      });
      expectFits(operation, answer);
      called.add(name);
      return answer;
    },
  };
}

function operationNamed(name: string): HostedOperation {
  const operation = hostedOperations.find((one) => one.name === name);
  if (operation?.isServed !== true) throw new Error(`hosted.txt has no operation "${name}"`);
  return operation;
}

function expectFits({ name, status, answer: type }: HostedOperation, answer: Answer): void {
  expect(answer.status, `${name}: ${answer.text}`).toBe(status);
  if (type === undefined) return;
  const { error } = type.safeParse(answer.body);
  expect(error?.issues, `${name}: ${answer.text}`).toBeUndefined();
}

const record = z.record(z.string(), jsonValue);

function fitting(type: z.ZodType, value: unknown, what: string): Record<string, JsonValue> {
  const { data, error } = type.safeParse(value);
  if (error !== undefined) throw new Error(`${what} is not of the hosted API: ${error.message}`);
  return record.parse(data);
}

/** The body with its defaults, and `case_sensitive` on every condition of its filters. */
function asGenerated(type: z.ZodType, body: JsonObject = {}): Record<string, JsonValue> {
  const sent = fitting(type, body, "the body");
  const { filters } = sent;
  return isJsonObject(filters) ? { ...sent, filters: withCase(filters) } : sent;
}

function withCase(filter: JsonValue): JsonValue {
  if (Array.isArray(filter)) return filter.map(withCase);
  if (!isJsonObject(filter)) return filter;
  if ("field" in filter) return { case_sensitive: false, ...filter };
  return Object.fromEntries(Object.entries(filter).map(([key, value]) => [key, withCase(value)]));
}
