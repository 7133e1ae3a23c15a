/** Listens on a free port of loopback and says where, as the server of the service does. */
import type { Server } from "node:http";

export function sayReady(server: Server): void {
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    console.log(`floor ready http://127.0.0.1:${port}`);
  });
}
