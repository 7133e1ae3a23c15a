/**
 * What objects cost in one bucket of very many, beside the floor of each: the bare SQL that does the
 * same work on the same rows without asking the domain anything.
 *
 *     node --import tsx test/bench/objects.ts [objects]
 */
import { measureObjects, printMeasured } from "./object-costs.js";

printMeasured(await measureObjects(Number(process.argv[2] ?? 100_000)));
