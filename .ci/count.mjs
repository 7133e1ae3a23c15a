// Adds up what ran. Each argument is a runner and its exit code, as `tests=0`; what it counted is in
// `coverage/RUNNER.json`, in the words of vitest's own report.
import { existsSync, readFileSync } from "node:fs";

let passed = 0;
let failed = 0;
for (const argument of process.argv.slice(2)) {
  const [runner, exitCode] = argument.split("=");
  const file = `coverage/${runner}.json`;
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  passed += report?.numPassedTests ?? 0;
  const counted = report?.numFailedTests ?? 0;
  // One that failed and counted no failure had a type error, or died.
  const died = counted === 0 && (exitCode !== "0" || report === undefined);
  if (died) process.stdout.write(`FAIL  ${runner}: exit code ${exitCode}\n`);
  failed += died ? 1 : counted;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
