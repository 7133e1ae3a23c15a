/**
 * Goal: whatever happens, who reads as strictly as a generated client of the hosted API reads every
 * answer. Method: tell the story that all faces are told, and hold each answer to the hosted type.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { isJsonObject } from "../../src/domain/json.js";
import { type Answer, serveTest, TestClock } from "../support/server.js";
import { countingIds, restFace, type Send, tellStory } from "../support/story.js";
import { type HostedOperation, hostedOperations, hostedType } from "./hosted.js";

/** Parameters have names of ours. */
function shapeOf(name: string): string {
  return name.replaceAll(/\{\w+\}/g, "{}");
}

const operations = new Map(hostedOperations.map((one) => [shapeOf(one.name), one]));

/** What a dry run answers, and another media type that was asked for, is ours. */
function isHosted({ status }: HostedOperation, answer: Answer): boolean {
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json") === true;
  const isDry = isJsonObject(answer.body) && "dry_run" in answer.body;
  return answer.status === status && isJson && !isDry;
}

/** What it must be: a refusal is of both envelopes when the request did not fit. */
function typesOf(operation: HostedOperation, answer: Answer): readonly z.ZodType[] {
  if (answer.status >= 400) {
    const refusal = hostedType("ErrorResponse");
    return answer.status === 422 ? [refusal, misfit] : [refusal];
  }
  return operation.answer !== undefined && isHosted(operation, answer) ? [operation.answer] : [];
}

/** There, though a client would take it for none where it is not. */
const misfit = z
  .looseObject({ detail: z.array(z.unknown()) })
  .and(hostedType("HTTPValidationError"));

test("every answer of the story is of the hosted type", async () => {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, newId: countingIds() });
  const held = new Set<string>();
  const refused = new Set<number>();
  const faults: string[] = [];
  const send: Send = async (method, template, path, sending) => {
    const answer = await service.send(method, path, sending);
    const operation = operations.get(shapeOf(`${method} ${template}`));
    if (operation === undefined) return answer;
    if (answer.status >= 400) refused.add(answer.status);
    else if (operation.answer !== undefined && isHosted(operation, answer))
      held.add(operation.name);
    for (const type of typesOf(operation, answer)) {
      const { error } = type.safeParse(answer.body);
      if (error !== undefined) faults.push(`${operation.name} ${answer.text}: ${error.message}`);
    }
    return answer;
  };
  await tellStory(restFace(send), clock);
  expect(faults).toEqual([]);
  expect(held.size).toBeGreaterThan(20);
  expect([...refused].sort()).toEqual(expect.arrayContaining([400, 404, 409, 422]));
});
