/**
 * A server in a process of its own, for tests that kill it. Arguments: the file, an admin token,
 * and "dies" for one that is gone after a write was committed and before it is answered: the line
 * of a request is logged exactly then. Prints its URL.
 */
import { pino } from "pino";
import { serveStore } from "../../src/http/index.js";
import { openBuckets } from "../../src/index.js";

const [file = "", token = "", ending] = process.argv.slice(2);

const store = await openBuckets<unknown>({ file });
store.tokens.accept(token, "admin", "admin");
const logger = pino(
  {},
  {
    write: (line: string) => {
      if (ending === "dies" && line.includes('"method":"PATCH"')) process.kill(process.pid, 9);
    },
  },
);
const server = await serveStore({ store, host: "127.0.0.1", port: 0, logger });
process.stdout.write(`${server.url}\n`);
