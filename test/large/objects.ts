/**
 * 100,000 objects in one bucket, made through the library with a hundred at once: adding one more
 * costs no more than among a hundred, and every one is counted.
 *
 *     npm run test:large             in the system's temporary folder
 */
import { measureObjects, printMeasured } from "../bench/object-costs.js";

const objectCount = 100_000;
const ratioMax = 1.5;

const measured = await measureObjects(objectCount);
printMeasured(measured);
const { adding, counted } = measured;
const isFlat = adding.many / adding.few <= ratioMax;
const isCounted = counted.list === objectCount && counted.aggregated === objectCount;
if (!isFlat || !isCounted) {
  console.error("the promises are not kept", { isFlat, isCounted });
  process.exitCode = 1;
}
