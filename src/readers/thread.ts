/**
 * A reader: the same store, opened for reading in a thread of its own, behind the same app. Its
 * requests come from the server alone, which has let them in.
 */
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import pino from "pino";
import type { Token } from "../api/index.js";
import { invariant } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { loadInThread } from "../engines/sqlite/threads.js";
import { createApp } from "../http/index.js";
import { openStore } from "../open.js";
import { PortStream } from "./port-stream.js";
import { type FromReader, ReaderSettings, ToReader } from "./settings.js";

invariant(parentPort !== null, "this runs in a thread of its own");
const port = parentPort;
const tell = (message: FromReader) => port.postMessage(message);
loadInThread(port);
const { store: storeOptions, app: appOptions } = ReaderSettings.parse(workerData);

const tokens = new WeakMap<object, Token>();

const store = await openStore({ ...storeOptions, readOnly: true });
const app = createApp({
  ...appOptions,
  store,
  logger: pino({ level: "error", base: null }, { write: (line) => tell({ line }) }),
  ui: false,
  // The server does.
  auditsReads: false,
  // What is in memory at once is counted by the server.
  memoryBytesMax: Number.MAX_SAFE_INTEGER,
  gate: {
    admit: (_route, context) => {
      const token = tokens.get(context.req.socket);
      invariant(token !== undefined, "a request that nobody let in");
      return token;
    },
    countFailed: () => {},
    opener: (_route, context) => tokens.get(context.req.socket),
  },
});
const server = createServer({ maxHeaderSize: limits.headerSectionBytesMax * 2 }, app.callback());
let isAltered = false;
const tellAltered = () => {
  const { fault } = store.integrity;
  if (fault === undefined || isAltered) return;
  isAltered = true;
  const { position, problem } = fault;
  tell({ altered: { position, problem } });
};
tellAltered();
server.on("request", (_, answer) => answer.once("close", tellAltered));

port.on("message", (message: unknown) => {
  const sent = ToReader.parse(message);
  if (sent === "awake?") return tell("awake");
  const stream = new PortStream(sent.port);
  tokens.set(stream, sent.token);
  server.emit("connection", stream);
});
