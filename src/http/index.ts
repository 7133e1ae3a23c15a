/** The HTTP face: the Koa app to mount in a server of your own, and the server that the CLI runs. */
export { type AppOptions, createApp } from "./app.js";
export { type RunningServer, type ServeOptions, serveStore } from "./server.js";
