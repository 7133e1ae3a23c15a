/**
 * Goal: the faces are thin: whichever one is used, the same happens. Method: one story, told to the
 * embedded library in memory and on a file, over HTTP by hand, and to the client; what every step
 * brought must be equal.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { serve, TestClock, temporaryFile, tokens } from "../support/server.js";
import {
  clientFace,
  countingIds,
  libraryFace,
  restFace,
  type Told,
  tellStory,
} from "../support/story.js";

async function tellLibrary(file: string): Promise<readonly Told[]> {
  const clock = new TestClock();
  const store = await openBuckets({ file, clock: clock.read, newId: countingIds() });
  try {
    return await tellStory(libraryFace(store), clock);
  } finally {
    await store.close();
  }
}

async function tellRest(): Promise<readonly Told[]> {
  const clock = new TestClock();
  const service = await serve({ clock: clock.read, newId: countingIds() });
  try {
    const send = restFace((method, _, path, sending) => service.send(method, path, sending));
    return await tellStory(send, clock);
  } finally {
    await service.close();
  }
}

async function tellClient(): Promise<readonly Told[]> {
  const clock = new TestClock();
  const service = await serve({ clock: clock.read, newId: countingIds() });
  try {
    await using store = connectBuckets({ baseUrl: service.url, token: tokens.admin });
    return await tellStory(clientFace(store), clock);
  } finally {
    await service.close();
  }
}

describe("The story", () => {
  let inMemory: readonly Told[];

  beforeAll(async () => {
    inMemory = await tellLibrary(":memory:");
  });

  it("is long, and tells of successes and of refusals of many kinds", () => {
    expect(inMemory.length).toBeGreaterThanOrEqual(150);
    const codes = new Set(inMemory.map(({ refused }) => refused));
    for (const code of [
      undefined,
      "ALREADY_EXISTS",
      "BAD_REQUEST",
      "BUCKET_LOCKED",
      "CONFLICT",
      "IDEMPOTENCY_KEY_REUSED",
      "NOT_FOUND",
      "PRECONDITION_FAILED",
      "VALIDATION_FAILED",
    ]) {
      expect([...codes]).toContain(code);
    }
  });

  it("is the same on a file as in memory", async () => {
    const { file, remove } = temporaryFile();
    try {
      expect(await tellLibrary(file)).toEqual(inMemory);
    } finally {
      remove();
    }
  });

  it("is the same over HTTP as in the library", async () => {
    expect(await tellRest()).toEqual(inMemory);
  });

  it("is the same by the client as in the library", async () => {
    expect(await tellClient()).toEqual(inMemory);
  });
});
