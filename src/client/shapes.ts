/**
 * What answers are known by. A server of ours wrote them by the contract; that the fields are there
 * which make an answer what it is tells it from a page of a proxy. What else is in it is taken as the
 * contract has it, also what a newer server adds: checking every field again would take a library of
 * schemas, which is larger than the client.
 */
import type { BatchDeletion, Written, WrittenBody } from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import { isJsonObject, ownValue } from "../domain/json.js";
import type { TaskResponse } from "../domain/task.js";

/** Gives a value as the answer that it is; undefined for any other. */
export type Shape<Answer> = (value: unknown) => Answer | undefined;

/** Of any kind when nothing is known of it, as of the fields that users add. */
type KindOf<Value> = unknown extends Value
  ? string
  : Value extends string
    ? "string"
    : Value extends number
      ? "number"
      : Value extends boolean
        ? "boolean"
        : Value extends readonly unknown[]
          ? "list"
          : "object";

type Marks<Answer> = { readonly [Name in keyof Answer]?: KindOf<Exclude<Answer[Name], undefined>> };

/** An object with those fields, each of that kind of JSON. */
export function answerWith<Answer extends object>(marks: Marks<Answer>): Shape<Answer> {
  const expected = Object.entries<unknown>(marks);
  const fits = (value: unknown): value is Answer =>
    isJsonObject(value) && expected.every(([name, kind]) => kindOf(ownValue(value, name)) === kind);
  return (value) => (fits(value) ? value : undefined);
}

/** Any value that is there. */
export function anything<Answer>(): Shape<Answer> {
  const fits = (value: unknown): value is Answer => value !== undefined;
  return (value) => (fits(value) ? value : undefined);
}

/** The first of two that fits. */
export function either<One, Other>(one: Shape<One>, other: Shape<Other>): Shape<One | Other> {
  return (value) => one(value) ?? other(value);
}

export function mapped<From extends object, To>(
  shape: Shape<From>,
  map: (value: From) => To | undefined,
): Shape<To> {
  return (value) => {
    const found = shape(value);
    return found === undefined ? undefined : map(found);
  };
}

const writtenBody = answerWith<WrittenBody>({
  version: "number",
  position: "number",
  changes: "list",
  result: "object",
});

/** The answer to a write: where it left its resource, and what the contract answers. */
export function writtenWith<Result, Told extends Written>(
  result: Shape<Result>,
  tell: (written: Written, result: Result) => Told,
): Shape<Told> {
  return mapped(writtenBody, (body) => {
    const answered = result(body.result);
    return answered === undefined ? undefined : tell(writtenOf(body), answered);
  });
}

/** @throws UNREACHABLE for what is no such answer. */
export function read<Answer>(shape: Shape<Answer>, value: unknown): Answer {
  const answer = shape(value);
  if (answer !== undefined) return answer;
  throw new BucketsError(
    "UNREACHABLE",
    "The answer is none of bucketlog: check the base URL, and what stands before the server.",
  );
}

export const Task = answerWith<TaskResponse>({ task_id: "string", task_type: "string" });
export const Deletion = answerWith<BatchDeletion>({ message: "string" });

function writtenOf({ version, position, tag, changes, replayed, ...body }: WrittenBody): Written {
  const { ignored_fields: ignoredFields, dry_run: dryRun } = body;
  return { version, position, tag, changes, ignoredFields, replayed, dryRun };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  return value === null ? "null" : typeof value;
}
