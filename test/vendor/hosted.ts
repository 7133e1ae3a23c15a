/** Reads `hosted.txt`, which says what the notation means: its operations, and its types as zod's. */
import { readFileSync } from "node:fs";
import { z } from "zod";

export interface HostedOperation {
  /** As in `GET /v1/tasks/{task_id}`. */
  readonly name: string;
  readonly isServed: boolean;
  readonly query: z.ZodObject;
  /** Undefined where none is described, here and below. */
  readonly body: z.ZodType | undefined;
  readonly status: number;
  readonly answer: z.ZodType | undefined;
}

interface Member {
  readonly name: string;
  readonly type: z.ZodType;
}

const types = new Map<string, z.ZodType>();

/** Each entry as its name and what is said of it; what is indented goes on with the line before. */
function entriesOf(text: string): readonly (readonly [string, string])[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines
    .join("\n")
    .replaceAll(/\n +/g, " ")
    .split("\n")
    .map((entry) => splitOnce(entry, " = "));
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** `name type`, `name? type` or `name? type = default`. */
function memberOf(text: string): Member {
  const [described, fallback] = splitOnce(text, " = ");
  const [marked, type] = splitOnce(described, " ");
  const name = marked.replace("?", "");
  if (name === marked) return { name, type: typeOf(type) };
  const optional = typeOf(type).optional();
  return { name, type: fallback === "" ? optional : optional.default(JSON.parse(fallback)) };
}

/** What stands beside each other between bars, but for those inside of brackets. */
function typeOf(text: string): z.ZodType {
  const parts = [...text.matchAll(/(?:"[^"]*"|\[.*?\](?:\(.*?\))?\]*|<.*?>|[^|[<"])+/g)].map(
    ([part]) => part.trim(),
  );
  const [only, ...others] = parts;
  if (only === undefined) throw new Error(`hosted.txt: no type in "${text}"`);
  return others.length === 0 ? oneType(only) : z.union(parts.map(oneType));
}

const lists = /^\[(?<item>.*)\](?:\((?<least>\d*)\.\.(?<most>\d*)\))?$/;
const plain = /^(?<name>\w+)(?:\((?<least>\d*)\.\.(?<most>\d*)\))?$/;

function oneType(text: string): z.ZodType {
  if (text.startsWith('"')) return z.literal(JSON.parse(text));
  const map = /^map<(.*)>$/.exec(text)?.[1];
  if (map !== undefined) return z.record(z.string(), typeOf(map));
  const { item, name = "", least, most } = (lists.exec(text) ?? plain.exec(text))?.groups ?? {};
  const bounds = [...(least ? [z.gte(Number(least))] : []), ...(most ? [z.lte(Number(most))] : [])];
  const lengths = [
    ...(least ? [z.minLength(Number(least))] : []),
    ...(most ? [z.maxLength(Number(most))] : []),
  ];
  if (item !== undefined) return z.array(typeOf(item)).check(...lengths);
  switch (name) {
    case "string":
      return z.string().check(...lengths);
    case "integer":
      return z.int().check(...bounds);
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "time":
      return z.iso.datetime({ offset: true });
    case "uri":
      return z.url();
    case "any":
      return z.unknown();
    case "null":
      return z.null();
    case "object":
      return z.record(z.string(), z.unknown());
    default:
      return hostedType(name);
  }
}

/** A type by its name; they refer to each other in any order. */
export function hostedType(name: string): z.ZodType {
  return z.lazy(() => {
    const type = types.get(name);
    if (type === undefined) throw new Error(`hosted.txt has no type "${name}"`);
    return type;
  });
}

/** Whatever it is, an answer may hold more, and what a request may not is for the server to say. */
function declared(text: string): z.ZodType {
  const members = text.split("; ").filter((member) => member !== "...");
  const isObject = members.every((member) => /^\w+\?? \S/.test(member) && !member.startsWith('"'));
  if (!isObject) return typeOf(text);
  return z.looseObject(shapeOf(members.map(memberOf)));
}

function shapeOf(members: readonly Member[]): Record<string, z.ZodType> {
  return Object.fromEntries(members.map(({ name, type }) => [name, type]));
}

function operationOf(name: string, text: string): HostedOperation {
  const isServed = text !== "not served";
  const parts = isServed ? text.split("; ") : [];
  const body = parts.find((part) => part.startsWith("body "))?.slice("body ".length);
  const query = parts.filter((part) => part.startsWith("query."));
  const [status = "", answer = ""] = splitOnce(parts.find((part) => /^\d/.test(part)) ?? "", " ");
  return {
    name,
    isServed,
    query: z.strictObject(shapeOf(query.map((part) => memberOf(part.slice("query.".length))))),
    body: body === undefined ? undefined : typeOf(body),
    status: Number(status),
    answer: answer === "" ? undefined : typeOf(answer),
  };
}

const entries = entriesOf(readFileSync(new URL("hosted.txt", import.meta.url), "utf8"));

/** Every operation that the hosted API has under the prefixes of this server. */
export const hostedOperations: readonly HostedOperation[] = entries
  .filter(([name]) => name.includes(" "))
  .map(([name, text]) => operationOf(name, text));

for (const [name, text] of entries) if (!name.includes(" ")) types.set(name, declared(text));
