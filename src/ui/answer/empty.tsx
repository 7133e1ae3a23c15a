/** Where there is nothing: one sentence, and what fills it. */
import type { ComponentChildren } from "preact";
import { serverUrl } from "../route/place.js";

interface EmptyProps {
  readonly children: ComponentChildren;
  /** The command that fills it, as `curl` would send it. */
  readonly command?: string | undefined;
}

export function Empty({ children, command }: EmptyProps) {
  return (
    <div class="empty">
      <p>{children}</p>
      {command !== undefined && <pre class="command">{command}</pre>}
    </div>
  );
}

/** A command with the real address and namespace of this server; the token stays a name. */
export function curl(namespace: string, path: string, body: object): string {
  return [
    `curl -s ${serverUrl}${path} \\`,
    "  -H 'Authorization: Bearer YOUR_TOKEN' \\",
    ...(namespace === "default" ? [] : [`  -H 'X-Namespace: ${namespace}' \\`]),
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`,
  ].join("\n");
}
