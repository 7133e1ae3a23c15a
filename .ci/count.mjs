// Adds up what ran: the tests by vitest's own report, the checks of the packed package, and the
// steps of `npm test` before the tests, which count as one.
import { existsSync, readFileSync } from "node:fs";

const [testsExit, packedExit] = process.argv.slice(2).map(Number);
const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
const tests = read("coverage/tests.json");
const packed = read("coverage/packed.json");

const passed = (tests?.numPassedTests ?? 0) + (packed?.passed ?? 0);
const counted = (tests?.numFailedTests ?? 0) + (packed?.failed ?? 0);
// A step that failed without a counted test, such as a type error, is a failure too.
const failed = counted === 0 && (testsExit !== 0 || packedExit !== 0) ? 1 : counted;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
