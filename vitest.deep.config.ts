import { defineConfig } from "vitest/config";

/** The proofs at their full length (`test/support/depth.ts`), and what is too long for any other run. */
export default defineConfig({
  test: {
    include: ["test/**/*.{proof,deep}.test.ts", "test/deep/**/*.test.ts"],
    env: { BUCKETLOG_DEPTH: "deep" },
    isolate: false,
    maxWorkers: "100%",
    testTimeout: 300_000,
    hookTimeout: 240_000,
    // Of what is waited for by looking again: a busy machine may take longer than the second that is usual.
    expect: { poll: { timeout: 60_000 } },
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: "coverage/deep.json" },
  },
});
