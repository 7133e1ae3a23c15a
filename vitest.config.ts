import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These run in vitest.deep.config.ts alone.
    exclude: [...configDefaults.exclude, "test/deep/**", "test/**/*.deep.test.ts"],
    // No test changes what others share, so that each worker loads our modules once: a fifth of the
    // time that loading them anew for each file takes.
    isolate: false,
    maxWorkers: "100%",
    // For what stands still; no test is to depend on how fast the machine is.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Of what is waited for by looking again: a busy machine may take longer than the second that is usual.
    expect: { poll: { timeout: 60_000 } },
    // CI counts the tests from this report; see .ci/run.
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: "coverage/tests.json" },
  },
});
