/** The view and its keeper on every engine. */
import { describe } from "vitest";
import { engines } from "../support/backends.js";
import { viewContract } from "./contract.js";

describe.each(Object.entries(engines))("the view on %s", (_, open) => {
  viewContract(open);
});
