/**
 * Goal: whatever happens, who reads as strictly as a generated client of the hosted API reads every
 * answer. Method: tell the story that all faces are told, and hold each answer to the hosted type.
 */
import { expect, test } from "vitest";
import { isJsonObject } from "../../src/domain/json.js";
import { type Answer, serveTest, TestClock } from "../support/server.js";
import { countingIds, restFace, type Send, tellStory } from "../support/story.js";
import { type HostedOperation, hostedOperations } from "./hosted.js";

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

test("every answer of the story is of the hosted type", async () => {
  const clock = new TestClock();
  const service = await serveTest({ clock: clock.read, newId: countingIds() });
  const held = new Map<string, number>();
  const faults: string[] = [];
  const send: Send = async (method, template, path, sending) => {
    const answer = await service.send(method, path, sending);
    const operation = operations.get(shapeOf(`${method} ${template}`));
    if (operation?.answer === undefined || !isHosted(operation, answer)) return answer;
    held.set(operation.name, (held.get(operation.name) ?? 0) + 1);
    const { error } = operation.answer.safeParse(answer.body);
    if (error !== undefined) faults.push(`${operation.name} ${answer.text}: ${error.message}`);
    return answer;
  };
  await tellStory(restFace(send), clock);
  expect(faults).toEqual([]);
  expect(held.size).toBeGreaterThan(20);
});
