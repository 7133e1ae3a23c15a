import { describe, expect, test } from "vitest";
import type { z } from "zod";
import {
  AddObjectsRequest,
  ClaimRequest,
  CompleteRequest,
  CreateBatchRequest,
  FailRequest,
  PatchBatchRequest,
  ProgressRequest,
} from "../../../src/domain/batch/requests.js";
import { limits } from "../../../src/domain/limits.js";
import { parseBody } from "../../../src/domain/schemas.js";
import { refusalOf } from "../refusal.js";

const ids = (count: number) => Array.from({ length: count }, (_, index) => `obj_${index}`);
const longest = "x".repeat(limits.batchMessageLengthMax);
const report = { claim_id: "clm_1" };

describe("a request is refused", () => {
  test.each<[string, z.ZodType, unknown]>([
    ["without objects", CreateBatchRequest, { object_ids: [] }],
    ["with too many", CreateBatchRequest, { object_ids: ids(limits.batchObjectsMax + 1) }],
    ["with metadata that is no object", CreateBatchRequest, { object_ids: ["a"], metadata: [] }],
    ["that adds nothing", AddObjectsRequest, {}],
    ["that adds what is no id", AddObjectsRequest, { object_ids: [1] }],
    ["that patches what is no object", PatchBatchRequest, { metadata: "x" }],
    ["of nobody", ClaimRequest, { worker: "", lease_seconds: 1 }],
    ["without a lease", ClaimRequest, { worker: "w" }],
    ["for no time", ClaimRequest, { worker: "w", lease_seconds: 0 }],
    ["for part of a second", ClaimRequest, { worker: "w", lease_seconds: 1.5 }],
    ["for too long", ClaimRequest, { worker: "w", lease_seconds: limits.leaseSecondsMax + 1 }],
    ["without a claim", ProgressRequest, { processed_count: 1 }],
    ["with less than nothing done", ProgressRequest, { ...report, processed_count: -1 }],
    ["with no count", ProgressRequest, report],
    ["with a result that is no object", CompleteRequest, { ...report, result: 1 }],
    ["with an error of nothing", CompleteRequest, { ...report, errors: [{ message: "x" }] }],
    ["that fails for no reason", FailRequest, { ...report, error: "" }],
    ["that fails at length", FailRequest, { ...report, error: `${longest}x` }],
  ])("%s", (_, schema, body) => {
    expect(refusalOf(() => parseBody(schema, body)).code).toBe("VALIDATION_FAILED");
  });
});

describe("a request is taken", () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    [
      "with the most objects",
      CreateBatchRequest,
      { object_ids: ids(limits.batchObjectsMax), metadata: null },
      { object_ids: ids(limits.batchObjectsMax), metadata: {} },
    ],
    ["that patches nothing", PatchBatchRequest, {}, { metadata: undefined }],
    ["that empties the metadata", PatchBatchRequest, { metadata: null }, { metadata: {} }],
    [
      "for the longest time",
      ClaimRequest,
      { worker: "w", lease_seconds: limits.leaseSecondsMax },
      { worker: "w", lease_seconds: limits.leaseSecondsMax },
    ],
    [
      "with nulls for what is absent",
      ProgressRequest,
      { ...report, processed_count: 0, failed_count: null, lease_seconds: null },
      { ...report, processed_count: 0, failed_count: 0, lease_seconds: undefined },
    ],
    [
      "that says only that it is done",
      CompleteRequest,
      { ...report, result: null, errors: null },
      { ...report, result: undefined, errors: [] },
    ],
    [
      "that fails",
      FailRequest,
      { ...report, error: longest },
      { ...report, error: longest, errors: [] },
    ],
  ])("%s", (_, schema, body, expected) => {
    expect(parseBody(schema, body)).toEqual(expected);
  });
});
