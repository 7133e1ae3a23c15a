/** The HTTP face: the Koa app to mount in a server of your own, and the server that the CLI runs. */
export { type AppOptions, createApp } from "./app.js";
export { parseBasePath } from "./base-path.js";
export { parseOrigin } from "./cors.js";
export type { FoundInBody, LargeBodies, LargeBody } from "./large-body.js";
export { parsePublicUrl } from "./public-url.js";
export type { AskedRead, Readers } from "./readers.js";
export { type RunningServer, type ServeOptions, serveStore } from "./server.js";
