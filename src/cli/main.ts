#!/usr/bin/env node
/**
 * The process of the command line: its streams, its environment, its signals, its exit code. It
 * imports what an old Node can load as well; the rest follows once the runtime will do.
 */
import { runtimeFault } from "../runtime.js";
import { untilSignal } from "./signals.js";

// Whoever read the output has gone, as `head` does: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

const fault = runtimeFault(process.versions.node);
if (fault === undefined) {
  const { run } = await import("./run.js");
  process.exitCode = await run(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    untilStopped: untilSignal,
  });
} else {
  process.stderr.write(`error [RUNTIME_UNSUPPORTED]: ${fault}\n`);
  process.exitCode = 1;
}
